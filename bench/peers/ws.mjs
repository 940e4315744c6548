// npm's ws as a load generator: one process, every message parsed, each ttft written down, gaps counted.
// usage: node ws.mjs PORT CA_FILE SESSIONS CSV
import fs from 'node:fs';
import WebSocket from 'ws';
import { Conversation } from './conversation.js';

const [port, ca, sessions, csv] = process.argv.slice(2);
const rows = fs.createWriteStream(csv);
rows.write('response_id,ttft_us\n');
const options = { ca: fs.readFileSync(ca), servername: 'localhost', perMessageDeflate: false };

let opened = 0;
function open() {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/`, options);
  new Conversation(socket, (id, us) => rows.write(`${id},${us}\n`));
  socket.on('error', (error) => { console.error(error.message); process.exit(1); });
  if (++opened < Number(sessions)) setTimeout(open, 4);
}
open();
