// usage: NODE_EXTRA_CA_CERTS=ca.pem node sdk.mjs READY_LINE      (see run.sh)
// What the SDK sends and what it expects are the SDK's own; only name resolution is turned to the simulator.
import assert from 'node:assert/strict';
import { AzureOpenAI, OpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const PATIENCE_MS = 30_000;
const API_VERSION = '2025-04-01-preview';
const ready = JSON.parse(process.argv[2]);
assert.equal(ready.ready, true);

const toLoopback = (address) => (_name, options, done) =>
  options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4);

/** Opens a session the way an application would; `wrong` replaces the key or the deployment. */
async function open(region, wrong = {}) {
  const [address, port] = region.address.split(':');
  const origin = `https://${region.host}:${port}`;
  const apiKey = wrong.key ?? region.api_key;
  const model = wrong.deployment ?? region.deployment;
  const options = { lookup: toLoopback(address) };
  switch (region.dialect) {
    case 'openai':
      return new OpenAIRealtimeWS({ model, options }, new OpenAI({ apiKey, baseURL: `${origin}/v1` }));
    case 'ga': // Azure's v1 route is spoken with the plain client and the resource's key
      return new OpenAIRealtimeWS(
        { model, options: { ...options, headers: { 'api-key': apiKey } } },
        new OpenAI({ apiKey, baseURL: `${origin}/openai/v1` }),
      );
    case 'preview':
      return OpenAIRealtimeWS.azure(
        new AzureOpenAI({ apiKey, endpoint: origin, apiVersion: API_VERSION, deployment: model }),
        { options },
      );
  }
  throw new Error(`unexpected dialect ${region.dialect}`);
}

const within = (promise, what) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** Everything that one connection says, with a way to wait for an event type. */
function listen(rt) {
  const heard = { events: [], errors: [], closed: null };
  const waiting = [];
  const settle = () => waiting.forEach((check) => check());
  rt.on('event', (event) => { heard.events.push(event); settle(); });
  rt.on('error', (error) => { heard.errors.push(error); settle(); });
  rt.socket.on('close', (code, reason) => { heard.closed = { code, reason: reason.toString() }; settle(); });
  heard.until = (what, found) =>
    within(new Promise((resolve, reject) => {
      const check = () => {
        const result = found();
        if (result) resolve(result);
        else if (heard.closed) reject(new Error(`${what}: closed with ${JSON.stringify(heard.closed)}: ${heard.errors}`));
      };
      waiting.push(check);
      check();
    }), what);
  heard.event = (type) => heard.until(type, () => heard.events.find((event) => event.type === type));
  return heard;
}

const sessionFor = (dialect) =>
  dialect === 'preview'
    ? { modalities: ['text'], instructions: 'Answer in one word.' }
    : { type: 'realtime', output_modalities: ['text'], instructions: 'Answer in one word.' };

async function completesATextTurn(region) {
  const rt = await open(region);
  const heard = listen(rt);
  const created = await heard.event('session.created');
  assert.match(created.session.id, /^sess_[A-Za-z0-9]{21}$/);
  assert.ok(created.session.expires_at > Date.now() / 1000, 'expires_at lies in the future');

  rt.send({ type: 'session.update', session: sessionFor(region.dialect) });
  const updated = await heard.event('session.updated');
  assert.deepEqual(updated.session.modalities ?? updated.session.output_modalities, ['text']);

  rt.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Name one colour.' }] },
  });
  rt.send({ type: 'response.create' });
  const done = await heard.event('response.done');
  const limits = await heard.event('rate_limits.updated');

  const prefix = region.dialect === 'preview' ? 'response.text' : 'response.output_text';
  const deltas = heard.events.filter((event) => event.type === `${prefix}.delta`);
  const text = heard.events.find((event) => event.type === `${prefix}.done`).text;
  assert.ok(text.length > 0, 'there is an answer');
  assert.equal(deltas.map((event) => event.delta).join(''), text);
  assert.equal(done.response.status, 'completed');
  assert.match(done.response.id, /^resp_[A-Za-z0-9]{21}$/);
  assert.ok(deltas.every((event) => event.response_id === done.response.id));
  const usage = done.response.usage;
  assert.ok(usage.input_tokens > 0 && usage.output_tokens > 0, 'usage is counted');
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
  assert.ok(limits.rate_limits.some((limit) => limit.name === 'tokens'));
  const item = region.dialect === 'preview' ? 'conversation.item.created' : 'conversation.item.added';
  inOrder(heard.events, ['session.created', 'session.updated', item, 'response.created', 'response.output_item.added',
    `${prefix}.delta`, `${prefix}.done`, 'response.output_item.done', 'response.done']);
  assert.equal(new Set(heard.events.map((event) => event.event_id)).size, heard.events.length, 'event ids differ');
  assert.deepEqual(heard.errors, []);

  rt.close();
  const closed = await heard.until('close', () => heard.closed);
  assert.equal(closed.code, 1000);
}

/** So much of a tone (amplitude 0: silence) as PCM16 at 24 kHz, base64. */
function sound(ms, amplitude) {
  const bytes = Buffer.alloc(ms * 48);
  for (let i = 0; i < ms * 24; i += 1) bytes.writeInt16LE(Math.round(amplitude * Math.sin(i / 10)), 2 * i);
  return bytes.toString('base64');
}

/** With server VAD the service does the rest: nobody commits, nobody asks for a response. */
async function isAnsweredWhenItSpeaks(region) {
  const rt = await open(region);
  const heard = listen(rt);
  const created = await heard.event('session.created');
  const detection = (created.session.audio?.input ?? created.session).turn_detection;
  assert.equal(detection.type, 'server_vad');
  for (const amplitude of [0, 0, 0, 0, 0, 8000, 8000, 8000, 8000, 0, 0])
    rt.send({ type: 'input_audio_buffer.append', audio: sound(100, amplitude) });
  const done = await heard.event('response.done');
  assert.equal(done.response.status, 'completed');
  const item = region.dialect === 'preview' ? 'conversation.item.created' : 'conversation.item.added';
  inOrder(heard.events, ['input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped',
    'input_audio_buffer.committed', item, 'response.created', 'response.done']);
  const said = (type) => heard.events.find((event) => event.type === type);
  const { item_id: id, audio_start_ms: start } = said('input_audio_buffer.speech_started');
  assert.equal(said('input_audio_buffer.speech_stopped').item_id, id);
  assert.equal(said('input_audio_buffer.committed').item_id, id);
  assert.equal(said(item).item.id, id);
  assert.equal(start, 200); // 500 ms less the padding of 300
  assert.ok(done.response.usage.input_token_details.audio_tokens > 0);

  rt.send({ type: 'input_audio_buffer.commit' }); // nothing is left of it
  const empty = await heard.until('error', () => heard.errors[0]);
  assert.equal(empty.error.code, 'input_audio_buffer_commit_empty');
  rt.close();
  await heard.until('close', () => heard.closed);
}

/** Without turn detection it is all the client's: commit, then ask. */
async function takesTurnsByHand(region) {
  const rt = await open(region);
  const heard = listen(rt);
  await heard.event('session.created');
  const preview = region.dialect === 'preview';
  const update = (detection) => rt.send({ type: 'session.update', session: preview ? { turn_detection: detection }
    : { type: 'realtime', audio: { input: { turn_detection: detection } } } });
  update({ type: 'none' });
  const refused = await heard.until('error', () => heard.errors[0]);
  assert.equal(refused.error.code, 'invalid_value');
  update(null);
  await heard.event('session.updated');
  for (const amplitude of [8000, 8000, 0, 0, 0, 0])
    rt.send({ type: 'input_audio_buffer.append', audio: sound(100, amplitude) });
  rt.send({ type: 'input_audio_buffer.commit' });
  await heard.event('input_audio_buffer.committed');
  rt.send({ type: 'input_audio_buffer.clear' });
  await heard.event('input_audio_buffer.cleared');
  for (const type of ['input_audio_buffer.speech_started', 'response.created'])
    assert.ok(!heard.events.some((event) => event.type === type), type);
  rt.send({ type: 'response.create' });
  await heard.event('response.done');
  rt.close();
  await heard.until('close', () => heard.closed);
}

function inOrder(events, types) {
  const places = types.map((type) => events.findIndex((event) => event.type === type));
  assert.ok(!places.includes(-1), `missing: ${types.filter((_, i) => places[i] === -1)}`);
  assert.deepEqual(places, [...places].sort((a, b) => a - b), `order of ${types}`);
}

/** OpenAI accepts the upgrade, then says why not and closes. */
async function refusedByEvent(region, wrong, expected) {
  const heard = listen(await open(region, wrong));
  const error = await heard.until('error', () => heard.errors[0]);
  assert.equal(error.error?.type, 'invalid_request_error', String(error));
  assert.equal(error.error.code, expected.code);
  const closed = await heard.until('close', () => heard.closed);
  assert.deepEqual(closed, { code: expected.close, reason: `invalid_request_error.${expected.code}` });
}

/** Azure refuses the upgrade itself; the SDK shows the status, the body has the code. */
async function refusedAtUpgrade(region, wrong, expected) {
  const heard = listen(await open(region, wrong));
  const error = await heard.until('error', () => heard.errors[0]);
  assert.equal(error.message, `Unexpected server response: ${expected.status}`);

  const rt = await open(region, wrong);
  const body = await within(new Promise((resolve, reject) => {
    rt.socket.on('open', () => reject(new Error('it was let in')));
    rt.socket.on('unexpected-response', (_request, response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())));
    });
  }), 'refusal');
  assert.ok(body.error.message.length > 0, 'the body has a reason');
  if (expected.code) assert.equal(String(body.error.code), expected.code);
}

async function refusesAWrongUpdate(region) {
  const rt = await open(region);
  const heard = listen(rt);
  await heard.event('session.created');
  const other = region.dialect === 'preview' ? 'ga' : 'preview';
  rt.send({ type: 'session.update', event_id: 'evt_mine', session: sessionFor(other) });
  const { error } = await heard.until('error', () => heard.errors[0]);
  assert.equal(error.param, 'session.type');
  assert.equal(error.code, region.dialect === 'preview' ? 'unknown_parameter' : 'missing_required_parameter');
  assert.equal(error.event_id, 'evt_mine');
  rt.close();
  await heard.until('close', () => heard.closed);
}

const WRONG_KEY = { key: 'a-key-that-nobody-made-0123456789' };
const WRONG_DEPLOYMENT = { deployment: 'no-such-deployment' };

function checksOf(region) {
  const azure = region.dialect !== 'openai';
  const refused = azure ? refusedAtUpgrade : refusedByEvent;
  return [
    ['completes a text turn', () => completesATextTurn(region)],
    ['is answered when it speaks', () => isAnsweredWhenItSpeaks(region)],
    ['takes turns by hand', () => takesTurnsByHand(region)],
    ['is told of a session of the other dialect', () => refusesAWrongUpdate(region)],
    ['is refused with a wrong key', () => refused(region, WRONG_KEY,
      azure ? { status: 401 } : { code: 'invalid_api_key', close: 3000 })],
    ['is refused with an unknown deployment', () => refused(region, WRONG_DEPLOYMENT,
      azure ? { status: 404, code: 'DeploymentNotFound' } : { code: 'invalid_model', close: 4000 })],
  ];
}

let failed = 0;
let passed = 0;
for (const region of ready.regions) {
  for (const [what, check] of checksOf(region)) {
    try {
      await check();
      passed += 1;
      console.log(`ok      ${region.name}: the SDK ${what}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${region.name}: the SDK ${what}\n${error.stack}`);
    }
  }
}
assert.deepEqual(ready.regions.map((region) => region.dialect).sort(), ['ga', 'openai', 'preview']);
console.log(`openai SDK: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
