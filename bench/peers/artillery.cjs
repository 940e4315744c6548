// The part of the artillery scenario that its YAML cannot say: ask again when a response is done, and write down each ttft.
'use strict';
const fs = require('node:fs');
const { Conversation } = require('./conversation.js');

const rows = fs.createWriteStream(process.env.PEERS_CSV);
rows.write('response_id,ttft_us\n');

function converse(context, events, done) {
  context.ws.once('close', () => done());
  const conversation = new Conversation(context.ws, (id, us) => {
    rows.write(`${id},${us}\n`);
    events.emit('histogram', 'ttft', us / 1000);
  });
  conversation.configure(); // session.created may have come before this step
  context.ws.on('message', () => events.emit('counter', 'websocket.messages_received', 1));
}

module.exports = { converse };
