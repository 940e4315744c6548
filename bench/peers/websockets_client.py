"""Debian's python3-websockets as a load generator: every message parsed, each ttft written down, gaps counted.

usage: websockets_client.py PORT CA_FILE SESSIONS CSV
"""

import asyncio
import json
import ssl
import sys
import time

import websockets

CREATE = json.dumps({"type": "response.create"})
ITEM = json.dumps({"type": "conversation.item.create", "item": {
    "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say OK."}]}})
gaps = {}


async def converse(port, context, rows):
    async with websockets.connect(f"wss://localhost:{port}/", ssl=context, host="127.0.0.1", server_hostname="localhost",
                                  compression=None, ping_interval=None, max_size=2**24) as socket:
        asked = last = 0
        async for text in socket:
            now = time.monotonic_ns()
            event = json.loads(text)
            kind = event["type"]
            if kind == "response.output_audio.delta":
                if last == 0:
                    rows.write(f"{event['response_id']},{(now - asked) // 1000}\n")
                else:
                    gap = (now - last) // 1000000
                    gaps[gap] = gaps.get(gap, 0) + 1
                last = now
            elif kind == "session.created":
                await socket.send('{"type":"session.update","session":{"type":"realtime"}}')
            elif kind in ("session.updated", "response.done"):
                await socket.send(ITEM)
                asked, last = time.monotonic_ns(), 0
                await socket.send(CREATE)


async def main(port, ca_file, sessions, csv):
    context = ssl.create_default_context(cafile=ca_file)
    with open(csv, "w", buffering=1 << 16) as rows:
        rows.write("response_id,ttft_us\n")
        async def flush():
            while True:
                await asyncio.sleep(0.5)
                rows.flush()
        running = [asyncio.create_task(flush())]
        for _ in range(sessions):
            running.append(asyncio.create_task(converse(port, context, rows)))
            await asyncio.sleep(0.004)
        await asyncio.gather(*running)


asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
