"""What counts as answered, what an error is called and what a turn costs, for answers in forms that services were seen to
use, and in others that they may use next: other fields, other orders, other types. Of `run` and `check` alike."""

import contextlib
import json
import unittest

import harness
import scripted_service

LIMIT = 64
CUT = {"type": "incomplete", "reason": "max_output_tokens"}
MESSAGE = {"id": "item_1", "type": "message", "role": "assistant", "status": "completed",
           "content": [{"type": "output_text", "text": "OK."}]}
CALL = {"id": "item_2", "type": "function_call", "name": "look_up", "call_id": "call_1", "arguments": "{}"}


def usage(read=20, said=5, **more):
    return {"total_tokens": read + said, "input_tokens": read, "output_tokens": said, **more}


def say(c, text="OK.", item="item_1", index=0):
    c.say("response.output_text.delta", response_id="resp_1", item_id=item, output_index=index, content_index=0, delta=text)


def open_item(c, item, index=0, kind="response.output_item.added"):
    c.say(kind, response_id="resp_1", output_index=index, item=item)


# ---- what counts as answered ----

def limit_without_a_reason(c):
    c.done(status="incomplete", usage=usage(said=LIMIT))


def limit_called_completed(c):
    c.done(status="completed", usage=usage(said=LIMIT))


def limit_after_a_preamble(c):
    open_item(c, {"id": "item_0", "type": "message", "phase": "commentary"})
    say(c, "One moment.", "item_0")
    c.done(status="incomplete", details=CUT, usage=usage(said=LIMIT))


def limit_as_a_word(c):
    c.done(status="incomplete", details="max_output_tokens", usage=usage(said=LIMIT - 1))


def limit_with_only_a_reasoning_item(c):
    open_item(c, {"id": "item_0", "type": "reasoning"})
    c.done(status="incomplete", details=CUT, output=[{"id": "item_0", "type": "reasoning"}], usage=usage(said=LIMIT))


def call_without_deltas(c):
    c.done(output=[CALL], usage=usage())


def call_by_its_deltas_alone(c):
    open_item(c, CALL)
    c.say("response.function_call_arguments.delta", response_id="resp_1", item_id="item_2", output_index=0, delta="{")
    c.say("response.function_call_arguments.done", response_id="resp_1", item_id="item_2", output_index=0, arguments="{}")
    c.done(usage=usage())


def call_of_a_server(c):
    c.done(output=[{"id": "item_3", "type": "mcp_call", "name": "f"}], usage=usage())


def call_after_a_preamble(c):
    open_item(c, {"id": "item_0", "type": "message", "phase": "commentary"})
    say(c, "Let me see.", "item_0")
    open_item(c, CALL, 1)
    c.done(output=[{**MESSAGE, "phase": "commentary"}, CALL], usage=usage())


def thoughts_before_the_answer(c):
    open_item(c, {"id": "item_0", "type": "reasoning"})
    open_item(c, MESSAGE, 1)
    say(c, index=1)
    c.done(output=[{"id": "item_0", "type": "reasoning"}, MESSAGE], usage=usage())


def limits_before_the_end(c):
    c.say("rate_limits.updated", rate_limits=[{"name": "tokens", "limit": 1000, "remaining": 10, "reset_seconds": 1}])
    say(c)
    c.done(output=[MESSAGE], usage=usage())


OURS = (limit_without_a_reason, limit_called_completed, limit_after_a_preamble, limit_as_a_word,
        limit_with_only_a_reasoning_item)
ANSWERED = (call_without_deltas, call_by_its_deltas_alone, call_of_a_server, call_after_a_preamble,
            thoughts_before_the_answer, limits_before_the_end)


def nothing(c):
    c.done(usage=usage(said=0))


def only_a_preamble(c):
    open_item(c, {"id": "item_0", "type": "message", "phase": "commentary"})
    say(c, "One moment.", "item_0")
    c.done(output=[{**MESSAGE, "phase": "commentary"}], usage=usage())


def only_thoughts(c):
    c.done(output=[{"id": "item_0", "type": "reasoning"}], usage=usage(said=LIMIT - 1))


EMPTY = (nothing, only_a_preamble, only_thoughts)

# ---- what an error is called: the same fault in forms of its own ----

RATE = "Rate limit reached for this deployment (tokens per minute). Please try again in 250ms."
DAY = "Rate limit reached for m on requests per day (RPD): Limit 1000, Used 1000, Requested 1. Please try again in 1m26.4s."
DETAILS = {
    "rate_limit_exceeded": (
        {"error": {"code": "inference_rate_limit_exceeded", "type": None, "message": RATE}},
        {"type": "failed", "error": {"code": None, "type": "rate_limit_exceeded", "message": [RATE]}},
        {"error": json.dumps({"code": "rate_limit_exceeded", "message": RATE})},
        {"type": "failed", "code": "rate_limit_exceeded", "message": RATE}),
    "daily_limit": (
        {"type": "failed", "error": {"type": "requests", "code": "rate_limit_exceeded", "message": DAY}},
        {"type": "failed", "error": {"type": {"name": "requests"}, "code": ["rate_limit_exceeded"], "message": DAY}},
        {"error": DAY},
        DAY),
    "server_error": (
        {"type": "failed", "error": {"type": "server_error", "code": None, "message": None}},
        {"error": {"type": "server_error"}},
        {"error": "server_error"},
        {"type": "failed", "error": {"code": "server_error", "message": {"text": "sorry"}}}),
}

# ---- what a turn costs: tokens that the details leave out, or count twice ----

PRICE = {"text_in": 4, "text_cached": 1, "text_out": 16, "audio_in": 32, "audio_cached": 2, "audio_out": 64, "image_in": 8,
         "image_cached": 3}
COSTS = {  # usage: micro-dollars
    "without_details": (usage(100, 10), 100 * 4 + 10 * 16),
    "null_details": (usage(100, 10, input_token_details=None, output_token_details=None), 100 * 4 + 10 * 16),
    "empty_details": (usage(100, 10, input_token_details={}, output_token_details={}), 100 * 4 + 10 * 16),
    "reasoning_beside": (usage(100, 30, output_token_details={"text_tokens": 10, "reasoning_tokens": 20}), 100 * 4 + 30 * 16),
    "reasoning_within": (usage(100, 30, output_token_details={"text_tokens": 30, "reasoning_tokens": 20}), 100 * 4 + 30 * 16),
    "images": (usage(100, 10, input_token_details={"text_tokens": 60, "image_tokens": 40}), 60 * 4 + 40 * 8 + 10 * 16),
    "cached_unsplit": (usage(100, 10, input_token_details={"text_tokens": 100, "cached_tokens": 64}),
                       36 * 4 + 64 * 1 + 10 * 16),
    "cached_images": (usage(100, 10, input_token_details={
        "text_tokens": 60, "image_tokens": 40, "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 32, "image_tokens": 32}}), 28 * 4 + 32 * 1 + 8 * 8 + 32 * 3 + 10 * 16),
    "audio_and_more": (usage(100, 50, input_token_details={"text_tokens": 20, "audio_tokens": 70},
                             output_token_details={"audio_tokens": 40}), 30 * 4 + 70 * 32 + 10 * 16 + 40 * 64),
}


class Answers(harness.Case):
    @contextlib.contextmanager
    def drive(self, name, answer, **sections):
        """Three turns of a session with a service that answers so."""
        with scripted_service.service(answer) as endpoint:
            region = {"name": "local", "endpoint": endpoint, "deployment": "d", "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}}
            made = harness.profile(**{
                "regions": [region],
                "load": {"model": "arrivals", "arrival": "even", "stages": [
                    {"duration": "0s", "target": "1/s"}, {"duration": "1s", "target": "1/s"}]},
                "session": {"interactions": 3, "think_time": "0s", "modality": "text", "prompts": ["Say OK."],
                            "max_output_tokens": LIMIT},
                "retry": {"attempts": 1, "hold": "interaction"}, **sections})
            path = self.write_profile(made, f"{name}.json")
            env = {"RUSHHOUR_TEST_KEY": "k" * 32}
            self.rushhour("run", path, "--yes", "-q", "-o", name, expect=harness.ENDED, env=env)
            run = harness.Run(self.folder / name)
            self.assertGreater(len(run.attempts), 0)
            yield run, lambda: json.loads(self.rushhour("check", path, "--json", expect=(0, 1), env=env).stdout)

    def turn_of(self, check):
        return next(step for step in check()["regions"][0]["steps"] if step["step"] == "turn")

    def test_our_own_limit_is_nobodys_failure(self):
        for answer in OURS:
            with self.subTest(answer.__name__), self.drive(answer.__name__, answer) as (run, check):
                self.assertEqual({record["code"] for record in run.failures} - {"max_output_tokens"}, set())
                self.assertEqual({record["domain"] for record in run.failures} - {"none", "config"}, set())
                self.assertEqual(run.manifest["totals"]["attempts"]["failed"], 0)
                if answer is not limit_without_a_reason and answer is not limit_called_completed:
                    self.assertEqual(self.turn_of(check)["status"], "ok")

    def test_a_tool_call_and_an_answer_in_any_order_are_answers(self):
        for answer in ANSWERED:
            with self.subTest(answer.__name__), self.drive(answer.__name__, answer) as (run, check):
                self.assertEqual(run.failures, [])
                self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
                self.assertEqual(self.turn_of(check)["status"], "ok")

    def test_neither_a_preamble_nor_thoughts_are_an_answer(self):
        for answer in EMPTY:
            with self.subTest(answer.__name__), self.drive(answer.__name__, answer) as (run, check):
                self.assertEqual({(record["code"], record["domain"]) for record in run.failures},
                                 {("empty_output", "service")})
                self.assertEqual(self.turn_of(check)["status"], "failed")

    def test_one_fault_has_one_name(self):
        for code, forms in DETAILS.items():
            for number, details in enumerate(forms):
                with self.subTest(f"{code} {number}"), self.drive(
                        f"{code}-{number}", lambda c: c.done(status="failed", details=details, usage=usage(0, 0))) as (run, check):
                    self.assertEqual({record["code"] for record in run.failures}, {code})
                    self.assertIn(code, json.dumps(self.turn_of(check)))

    def test_priced_tokens_are_those_of_the_totals(self):
        for name, (told, micros) in COSTS.items():
            def answer(c):
                say(c)
                c.done(output=[MESSAGE], usage=told)
            with self.subTest(name), self.drive(name, answer, prices={"d": PRICE}) as (run, _):
                self.assertEqual(run.failures, [])
                count = len(run.attempts)
                self.assertAlmostEqual(run.manifest["totals"]["cost_usd"], count * micros / 1e6, places=9)
                tokens = run.manifest["totals"]["tokens"]
                self.assertEqual((tokens["input"], tokens["output"]),
                                 (count * told["input_tokens"], count * told["output_tokens"]))


if __name__ == "__main__":
    unittest.main()
