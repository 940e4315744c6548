// The receiving half of what the Autobahn suite asks of a client: npm's ws sends, and says what came back; the tool says
// what it received. usage: node receive.mjs TOOL CERTIFICATE KEY
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import { WebSocketServer } from "ws";

const [tool, certificate, key] = process.argv.slice(2);

function fnv(bytes) {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return hash >>> 0;
}

// What a message is to be reported as.
const heard = (data) => [typeof data === "string", Buffer.byteLength(data), fnv(Buffer.from(data))];

const cases = [];

// play(socket): sends; expected: messages, the code that the client answers a Close with, and what it tells of the end.
function add(name, play, messages, { answer = 1000, code = 1000, reason = "", violation = false, pongs = [] } = {}) {
  cases.push({ name, play, messages: messages.map(heard), answer, code, reason, violation, pongs });
}

const raw = (socket, ...bytes) => socket._socket.write(Buffer.concat(bytes.map((part) => Buffer.from(part))));

// ---- sizes, whole (Autobahn 1.1, 1.2), and written in small pieces (chopped) ----
for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]) {
  for (const data of ["*".repeat(size), Buffer.alloc(size, 0xfe)]) {
    add(`${typeof data} of ${size}`, (socket) => {
      socket.send(data);
      socket.close(1000);
    }, [data]);
  }
}
for (const size of [125, 126, 65536]) {
  const text = "é".repeat(size >> 1).padEnd(size, "x").slice(0, size);
  add(`text of ${size} characters, chopped`, (socket) => {
    const written = [];
    const stream = socket._socket;
    const write = stream.write;
    stream.write = (bytes) => written.push(Buffer.from(bytes)) > 0; // what ws makes of it
    socket.send(text);
    stream.write = write;
    const bytes = Buffer.concat(written);
    const step = size > 1000 ? 997 : 1;
    const next = (at) => {
      if (at >= bytes.length) return socket.close(1000);
      stream.write(bytes.subarray(at, at + step));
      setImmediate(next, at + step);
    };
    next(0);
  }, [text]);
}

// ---- pings and pongs (2) ----
for (const payload of ["", "hello", Buffer.alloc(125, 0xfe)]) {
  add(`ping of ${payload.length} bytes`, (socket) => {
    socket.ping(payload);
    socket.once("pong", () => socket.close(1000));
  }, [], { pongs: [Buffer.from(payload).toString("hex")] });
}
add("a pong that nobody asked for", (socket) => {
  socket.pong("unasked");
  socket.ping("asked");
  socket.once("pong", () => socket.close(1000));
}, [], { pongs: [Buffer.from("asked").toString("hex")] });
add("ten pings, each answered", (socket) => {
  let left = 10;
  socket.on("pong", () => (--left > 0 ? socket.ping(String(left)) : socket.close(1000)));
  socket.ping("10");
}, [], { pongs: ["10", 9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => Buffer.from(String(n)).toString("hex")) });

// ---- fragments (5) ----
add("fragments", (socket) => {
  socket.send("frag", { fin: false });
  socket.send("", { fin: false });
  socket.send("ment", { fin: true });
  socket.close(1000);
}, ["fragment"]);
add("a ping between fragments", (socket) => {
  socket.send("frag", { fin: false });
  socket.ping("between");
  socket.once("pong", () => {
    socket.send("ment", { fin: true });
    socket.close(1000);
  });
}, ["fragment"], { pongs: [Buffer.from("between").toString("hex")] });
add("many fragments of a large message", (socket) => {
  for (let i = 0; i < 255; i++) socket.send("y".repeat(4096), { fin: false });
  socket.send("y".repeat(4096), { fin: true });
  socket.close(1000);
}, ["y".repeat(1 << 20)]);
add("a character cut by fragments", (socket) => {
  const bytes = Buffer.from("κόσμε");
  for (const byte of bytes) raw(socket, [byte === bytes[0] && !socket.begun ? 0x01 : 0x00, 1, byte]), (socket.begun = true);
  raw(socket, [0x80, 0]);
  socket.close(1000);
}, ["κόσμε"]);

// ---- violations (3, 4, 5) ----
const broken = { answer: 1002, code: 0, violation: true };
for (const [name, bytes] of [
  ["RSV1", [0xc1, 1, 97]], ["RSV2", [0xa1, 1, 97]], ["RSV3", [0x91, 1, 97]],
  ["opcode 3", [0x83, 0]], ["opcode 7", [0x87, 0]], ["opcode 11", [0x8b, 0]], ["opcode 15", [0x8f, 0]],
  ["a masked frame", [0x81, 0x81, 1, 2, 3, 4, 5]],
  ["a ping of 126 bytes", [0x89, 126, 0, 126, ...Buffer.alloc(126)]],
  ["a fragmented ping", [0x09, 0]], ["a fragmented pong", [0x0a, 0]],
  ["a continuation of nothing", [0x80, 1, 97]],
  ["a message inside a message", [0x01, 1, 97, 0x81, 1, 98]],
  ["the top bit of a length", [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]],
]) {
  add(name, (socket) => raw(socket, bytes), [], broken);
}
add("a message before a violation", (socket) => {
  socket.send("good");
  raw(socket, [0x83, 0]);
}, ["good"], broken);

// ---- UTF-8 (6) ----
for (const [name, bytes] of [
  ["a surrogate", [0xed, 0xa0, 0x80]], ["overlong", [0xc0, 0xaf]], ["above the range", [0xf4, 0x90, 0x80, 0x80]],
  ["a lone continuation byte", [0x80]], ["cut short", [0xce, 0xba, 0xe1, 0xbd]], ["FE", [0xfe]],
]) {
  add(`invalid text: ${name}`, (socket) => raw(socket, [0x81, bytes.length, ...bytes]), [], { ...broken, answer: 1007 });
}
add("invalid text in the second fragment", (socket) => raw(socket, [0x01, 1, 0xce], [0x80, 1, 0x61]), [],
  { ...broken, answer: 1007 });
for (const text of ["Hello-µ@ßöäüàá-UTF-8!!", "\u{10FFFF}", "\uD7FF\uE000\uFFFD\uFFFF", "\u0000"]) {
  add(`valid text: ${JSON.stringify(text)}`, (socket) => {
    socket.send(text);
    socket.close(1000);
  }, [text]);
}

// ---- closes (7) ----
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
  add(`close ${code}`, (socket) => socket.close(code, "why"), [], { answer: code, code, reason: "why" });
}
add("a close without a code", (socket) => raw(socket, [0x88, 0]), [], { answer: 1005, code: 1005 });
add("a close of one byte", (socket) => raw(socket, [0x88, 1, 3]), [], { answer: 1002, code: 1005, violation: true });
for (const code of [0, 999, 1004, 1005, 1006, 1015, 5000, 65535]) {
  add(`close ${code}, which nobody may send`, (socket) => raw(socket, [0x88, 2, code >> 8, code & 255]), [],
    { answer: 1002, code, violation: true });
}
add("nothing follows a close", (socket) => raw(socket, [0x88, 2, 3, 0xe9], [0x81, 1, 97]), [], { answer: 1001, code: 1001 });
add("the longest reason", (socket) => socket.close(1000, "r".repeat(123)), [], { reason: "r".repeat(123) });

// ---- together with the 101 ----
add("messages at once, before the client can have read the 101", (socket) => {
  for (let i = 0; i < 100; i++) socket.send(`message ${i}`);
  socket.close(1000);
}, Array.from({ length: 100 }, (_, i) => `message ${i}`));

async function run(server, ca) {
  const seen = cases.map(() => ({ pongs: [], answer: null }));
  const ended = cases.map(() => Promise.withResolvers?.() ?? deferred());
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, skipUTF8Validation: false });
  sockets.on("connection", (socket, request) => {
    const number = Number(request.url.slice(1));
    socket.on("error", () => {});
    socket.on("pong", (data) => seen[number].pongs.push(data.toString("hex")));
    socket.on("close", (code) => {
      seen[number].answer = code;
      ended[number].resolve();
    });
    cases[number].play(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const child = spawn(tool, [String(server.address().port), ca, "0", String(cases.length - 1)],
    { stdio: ["ignore", "pipe", "inherit"] });
  let failed = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line);
    const wanted = cases[told.case];
    await ended[told.case].promise;
    try {
      assert.deepEqual(told.messages, wanted.messages);
      assert.deepEqual([told.close_code, told.close_reason, told.violation, told.os_error],
        [wanted.code, wanted.reason, wanted.violation, 0]);
      assert.deepEqual(seen[told.case], { pongs: wanted.pongs, answer: wanted.answer });
    } catch (error) {
      failed++;
      console.error(`${ca === "-" ? "ws" : "wss"}, ${wanted.name}: ${error.message}`);
    }
    wanted.done = (wanted.done ?? 0) + 1;
  }
  sockets.close();
  server.close();
  server.closeAllConnections();
  return failed;
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

let failed = await run(http.createServer(), "-");
failed += await run(https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }), certificate);
const missing = cases.filter((one) => one.done !== 2).map((one) => one.name);
if (missing.length > 0) console.error(`not played: ${missing.join(", ")}`);
console.log(`websocket: ${cases.length} cases over ws and wss, ${failed} failed`);
process.exitCode = failed > 0 || missing.length > 0 ? 1 : 0;
