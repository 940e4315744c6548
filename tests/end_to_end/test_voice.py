"""Users who speak: what the service receives of a WAV file, when, and what is said of the turns that it took. The files'
samples reach the service whole, and no output of ours."""

import base64
import collections
import contextlib
import math
import random
import socket
import struct
import threading
import time
import unittest
import wave

import harness
import scripted_service

CHUNK_MS = 60
SPEECH_MS, SILENCE_MS = 1000, 110  # the file ends in silence


def samples():
    """A tone with overtones that never pauses, at -12 dB, and silence behind it."""
    draw = random.Random(1)
    tone = [int(8000 * math.sin(i * 0.05) + 1500 * draw.uniform(-1, 1)) for i in range(24 * SPEECH_MS)]
    return struct.pack(f"<{len(tone)}h", *tone) + bytes(2 * 24 * SILENCE_MS)


def write_wav(path, audio, rate=24000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(audio)


class Listener:
    """A service that notes what each connection sends, and when; it answers a response.create."""

    def __init__(self, answer_ms=100):
        self.heard, self.answer_ms = [], answer_ms
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                events = []
                self.heard.append(events)
                threading.Thread(target=self.serve, args=(self.listener.accept()[0], events), daemon=True).start()

    def serve(self, sock, events):
        connection = scripted_service.Connection(sock)
        with contextlib.suppress(EOFError, OSError), sock:
            _, fields = connection.read_head()
            connection.upgrade(fields["sec-websocket-key"])
            connection.say("session.created", session={"id": "sess_1", "object": "realtime.session"})
            while True:
                event = connection.event()
                events.append((time.monotonic(), event))
                if event["type"] == "session.update":
                    connection.say("session.updated", session=event["session"])
                elif event["type"] == "response.create":
                    self.answer(connection)

    def answer(self, connection):
        connection.say("response.created", response={"id": "resp_1", "status": "in_progress", "output": []})
        connection.say("response.output_item.added", response_id="resp_1", output_index=0,
                       item={"id": "item_1", "type": "message", "role": "assistant", "content": []})
        connection.say("response.output_audio.delta", response_id="resp_1", item_id="item_1", output_index=0, content_index=0,
                       delta=base64.b64encode(bytes(48 * self.answer_ms)).decode())
        connection.done()


class Speech(harness.Case):
    def drive(self, name, session, *more, expect=harness.ENDED, sessions=2, seconds=1, simulator=None, timeouts=None, speed=1):
        profile = harness.profile(
            load={"model": "sessions", "stages": [{"duration": "0s", "target": sessions},
                                                  {"duration": f"{seconds}s", "target": sessions}]},
            session=session, timeouts=timeouts or {},
            simulator={"latency": [harness.QUICK], "quota": "none", "clock": {"speed": speed}, **(simulator or {})})
        result = self.rushhour("run", self.write_profile(profile), "--simulate", "--seed", 5, "-o", name, "--json", *more,
                               expect=expect)
        return harness.Run(self.folder / name), result

    def test_the_service_hears_the_file_and_nobody_else_does(self):
        audio = samples()
        write_wav(self.folder / "speech.wav", audio)
        listener = Listener()
        self.addCleanup(listener.listener.close)
        region = {"name": "one", "endpoint": listener.endpoint, "deployment": "d", "dialect": "ga", "auth": {"api_key": "${K_KEY}"}}
        profile = {"name": "spoken", "regions": [region],
                   "load": {"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": "200ms", "target": 1}]},
                   "session": {"modality": "audio", "interactions": 1, "think_time": "10s",
                               "audio": {"files": [{"file": "speech.wav"}], "chunk": f"{CHUNK_MS}ms"}}}
        self.rushhour("run", self.write_profile(profile), "-o", "run", "--yes", expect=harness.ENDED, env={"K_KEY": "k" * 32})
        events = listener.heard[0]
        types = [event["type"] for _, event in events]
        pieces = math.ceil((SPEECH_MS + SILENCE_MS) / CHUNK_MS)
        self.assertEqual(types, ["session.update"] + ["input_audio_buffer.append"] * pieces +
                         ["input_audio_buffer.commit", "response.create"])
        self.assertIsNone(events[0][1]["session"]["audio"]["input"]["turn_detection"])
        appended = [(at, base64.b64decode(event["audio"])) for at, event in events if event["type"].endswith("append")]
        self.assertEqual(b"".join(piece for _, piece in appended), audio, "length, level and every sample")
        spoken_ms = 0
        for at, piece in appended:  # never ahead of the speaker, who began after the session was ready
            spoken_ms += len(piece) / 48
            self.assertGreater(at - events[0][0], spoken_ms / 1000 - 0.001)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        self.assertEqual(harness.column(run.intervals, "speech_ms"), SPEECH_MS + SILENCE_MS)
        self.assertEqual(harness.column(run.intervals, "audio_ms"), 100)
        self.assertEqual(run.histogram_counts["one.voice"], 1)
        self.find_no_audio(run.folder, [piece for _, piece in appended])

    def find_no_audio(self, folder, pieces):
        piece = max(pieces, key=lambda p: len(set(p)))
        needles = [piece[:48], base64.b64encode(piece)[:64], piece[:48].hex().encode()]
        for path in folder.iterdir():
            data = path.read_bytes()
            for needle in needles:
                self.assertNotIn(needle, data, path.name)

    def test_who_interrupts_tells_what_was_heard(self):
        """Of an answer of a second that comes at once, the user hears some 300 ms, and says so."""
        write_wav(self.folder / "speech.wav", samples())
        listener = Listener(answer_ms=1000)
        self.addCleanup(listener.listener.close)
        region = {"name": "one", "endpoint": listener.endpoint, "deployment": "d", "dialect": "ga", "auth": {"api_key": "${K_KEY}"}}
        profile = {"name": "spoken", "regions": [region],
                   "load": {"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": "2s", "target": 1}]},
                   "session": {"modality": "audio", "interactions": 2, "think_time": "20s",
                               "audio": {"files": [{"file": "speech.wav"}], "interrupt": {"share": "100%", "after": "300ms"}}}}
        self.rushhour("run", self.write_profile(profile), "-o", "run", "--yes", expect=harness.ENDED, env={"K_KEY": "k" * 32})
        events = listener.heard[0]
        truncates = [event for _, event in events if event["type"] == "conversation.item.truncate"]
        self.assertEqual({event["item_id"] for event in truncates}, {"item_1"})
        self.assertGreaterEqual(truncates[0]["audio_end_ms"], 150)
        self.assertLess(truncates[0]["audio_end_ms"], 1000)
        self.assertFalse([event for _, event in events if event["type"] == "response.cancel"], "it had come whole")
        # the next utterance follows at once, and not after 20 s
        self.assertEqual(sum(event["type"] == "response.create" for _, event in events), 2)
        run = harness.Run(self.folder / "run")
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
        self.assertEqual(harness.column(run.intervals, "interruptions"), len(truncates))
        # both are told in whole milliseconds, rounded down
        lost = sum(1000 - event["audio_end_ms"] for event in truncates) - harness.column(run.intervals, "unheard_ms")
        self.assertIn(lost, range(len(truncates) + 1))

    def test_an_answer_under_way_is_cancelled(self):
        run, _ = self.drive("cancel", {"modality": "audio", "interactions": 3, "think_time": "10s",
                                       "audio": {"voice": "synthetic", "length": "400ms", "interrupt": {"share": "100%", "after": "200ms"}}},
                            simulator={"output_deltas": 1000, "latency": [{**harness.QUICK, "delta": "20ms"}]})
        self.assert_consistent(run)
        self.assertEqual({row["outcome"] for row in run.attempts}, {"cancelled"})
        self.assertEqual(run.failures, [])
        served = [line["outcome"] for line in run.ledger if line["kind"] == "response"]
        self.assertEqual(served, ["cancelled"] * len(run.attempts))
        self.assertGreater(len(served), 6)  # three interactions of six users, without the thinking
        self.assertEqual(harness.column(run.intervals, "interruptions"), len(served))
        yields = sum(count for tag, count in run.histogram_counts.items() if tag.endswith(".yield"))
        self.assertEqual(harness.column(run.intervals, "clipped"), 0, "the end comes behind the cancel")
        if run.manifest["generator"]["paused_ms"] < 2000:  # what ended across a pause has no latency
            self.assertEqual(yields, len(served))

    def test_voice_is_as_the_simulator_knows_it(self):
        run, _ = self.drive("vad", {"modality": "audio", "interactions": 2, "think_time": "100ms",
                                    "audio": {"voice": "synthetic", "length": "400ms", "chunk": "20ms",
                                              "turn_detection": {"type": "server_vad", "silence_duration": "300ms",
                                                                 "prefix_padding": "100ms"}}})
        self.assert_consistent(run)
        truth = {line["response_id"]: line for line in run.ledger if line["kind"] == "response"}
        answered = [row for row in run.attempts if row["outcome"] == "ok"]
        self.assertGreater(len(answered), 2)
        for row in answered:
            line = truth[row["response_id"]]
            # the time of the last sound's due sending is before its arrival, an answer's arrival after its sending
            self.assertGreaterEqual(int(row["ttft_us"]), line["delay_us"]["voice"] - 1)
            self.assertGreaterEqual(line["delay_us"]["endpoint"], 250_000)
        # each utterance is one item of its length, with the silence that ended it and the padding before it, but for the
        # first, before which there was nothing
        lengths = collections.Counter(line["spoken_ms"] for line in truth.values())
        self.assertLessEqual(set(lengths), {200 + 300, 400 + 300, 600 + 300, 200 + 400, 400 + 400, 600 + 400})
        for name in ("split_turns", "false_turns", "missed_turns", "early_answers"):
            self.assertEqual(harness.column(run.intervals, name), 0, name)
        for name in ("voice", "endpoint", "think"):
            total = sum(count for tag, count in run.histogram_counts.items() if tag.endswith("." + name))
            self.assertEqual(total, len(answered), name)

    def test_telephony(self):
        for coding in ("g711_ulaw", "g711_alaw"):
            run, _ = self.drive(coding, {"modality": "audio", "interactions": 1,
                                         "audio": {"voice": "synthetic", "length": "400ms", "format": coding}},
                                simulator={"output_deltas": 3})
            ok = sum(row["outcome"] == "ok" for row in run.attempts)
            self.assertGreater(ok, 1)
            # a delta lasts as long in every coding
            self.assertEqual(harness.column(run.intervals, "audio_ms"), 300 * ok)
            lengths = {line["spoken_ms"] for line in run.ledger if line["kind"] == "response"}
            self.assertLessEqual(lengths, {200, 400, 600})

    def test_noise_that_the_service_takes_for_speech(self):
        """The end of speech drowns in noise; what becomes of the attempt the profile says."""
        for word, outcome in (("cancelled", "cancelled"), ("failed", "failed")):
            session = {"modality": "audio", "interactions": 1,
                       "audio": {"voice": "synthetic", "length": "400ms", "noise": 30, "missed_turns": word,
                                 "turn_detection": {"type": "server_vad"}}}
            run, _ = self.drive(word, session, sessions=1, seconds=20, speed=5, timeouts={"first_output": "10s"})
            self.assert_consistent(run)
            rows = [row for row in run.attempts if row["code"] == "turn_missed"]
            self.assertEqual({row["outcome"] for row in rows}, {outcome})
            self.assertEqual(harness.column(run.intervals, "missed_turns"), len(rows))
            self.assertEqual({r["domain"] for r in run.failures if r["code"] == "turn_missed"},
                             {"none" if word == "cancelled" else "service"})

    def test_the_profiles_that_come_along(self):
        for name in ("voice", "telephony"):
            result = self.rushhour("run", harness.PROJECT / f"profiles/{name}.json", "--simulate", "--duration", "3s", "--seed", 2,
                                   "-o", name, "-q", expect=harness.ENDED)
            run = harness.Run(self.folder / name)
            self.assertEqual(run.manifest["run"]["state"], "complete", result.stderr)
            self.assertEqual(harness.column(run.intervals, "split_turns") + harness.column(run.intervals, "false_turns"), 0)

    def test_what_cannot_be_spoken_is_told_before_anything_is_sent(self):
        write_wav(self.folder / "slow.wav", samples(), 16000)
        (self.folder / "text.wav").write_text("no sound\n")
        for name, why in (("slow.wav", "sox slow.wav -r 24000 -b 16 -e signed-integer -c 1 speech.wav"),
                          ("text.wav", "is no WAV file"), ("none.wav", "none.wav")):
            profile = harness.profile(session={"audio": {"files": [{"file": name}]}})
            for command in (("run", "--simulate", "-o", "no"), ("run", "--dry-run"), ("plan",)):
                result = self.rushhour(command[0], self.write_profile(profile), *command[1:], expect=(1,))
                self.assertIn(why, result.stderr)
                self.assertIn("session.audio.files", result.stderr)
            self.assertFalse((self.folder / "no").exists())


if __name__ == "__main__":
    unittest.main()
