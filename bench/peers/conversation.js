// One session of the peers that run on Node: asks, notes when the first delta comes, counts the gaps, asks again.
'use strict';

const gaps = new Array(10000).fill(0); // of all sessions, by the millisecond

class Conversation {
  constructor(socket, onFirst) {
    this.socket = socket;
    this.onFirst = onFirst;
    this.configured = false;
    socket.on('message', (data) => this.take(JSON.parse(data)));
  }

  configure() {
    if (!this.configured) this.say({ type: 'session.update', session: { type: 'realtime' } });
    this.configured = true;
  }

  say(event) {
    this.socket.send(JSON.stringify(event));
  }

  ask() {
    const content = [{ type: 'input_text', text: 'Say OK.' }];
    this.say({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    this.asked = process.hrtime.bigint();
    this.last = 0n;
    this.say({ type: 'response.create' });
  }

  take(event) {
    const now = process.hrtime.bigint();
    switch (event.type) {
      case 'session.created':
        this.configure();
        break;
      case 'response.output_audio.delta':
        if (this.last === 0n) this.onFirst(event.response_id, Number((now - this.asked) / 1000n));
        else gaps[Math.min(gaps.length - 1, Number((now - this.last) / 1000000n))]++;
        this.last = now;
        break;
      case 'session.updated':
      case 'response.done':
        this.ask();
        break;
    }
  }
}

module.exports = { Conversation };
