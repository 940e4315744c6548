"""Confusion matrix: every fault that the simulator can inject, against the class that rushhour reports.

What is injected stands in the ledger, what is reported in failures.jsonl; both are joined by id. The table below is
written from the failure catalogue, not from our own. Faults that strike below HTTP have no id: there each fault has
regions of its own, where it strikes always, and every record must be of its class.
"""

import base64
import collections
import json
import os
import re
import time
import unittest

import harness

LEAST = 50  # strikes of each fault, over all regions
ENOUGH = 66  # strikes that are aimed at, so that chance leaves the least

Expected = collections.namedtuple("Expected", "number code note", defaults=("",))
F = Expected

EITHER_SIDE = "a middlebox and the service look the same from here"
SILENCE = "nothing comes; whether the question or the answer was lost cannot be seen"

BELOW_HTTP = {
    "resolve_failed": F("F01", "resolve_failed"),
    "connect_refused": F("F04", "connect_refused"),
    "connect_timeout": F("F05", "connect_timeout", "a firewall that drops and a host that is down are both silent"),
    "connect_reset": F("F06", "connect_reset", EITHER_SIDE),
    "tls_untrusted": F("F08", "tls_untrusted"),
    "tls_wrong_name": F("F08", "tls_wrong_name"),
    "tls_failed": F("F09", "tls_failed"),
    "tls_expired": F("F10", "tls_expired", "an expired certificate or a wrong clock here: the other end is not asked"),
    "tls_not_yet_valid": F("F10", "tls_expired"),
    "tls_closed": F("F11", "tls_closed", EITHER_SIDE),
    "proxy_auth": F("F12", "proxy_auth"),
    "proxy_403": F("F13", "proxy_refused"),
    "proxy_502": F("F13", "proxy_refused"),
    "proxy_504": F("F13", "proxy_refused"),
}
UPGRADE = {
    "websocket_blocked": F("F14", "websocket_blocked"),
    "upgrade_426": F("F14", "websocket_blocked"),
    "bad_handshake": F("F39", "bad_handshake"),
    "model_not_realtime": F("F15", "model_not_realtime"),
    "model_not_realtime_v1": F("F16", "model_not_realtime"),
    "api_version_not_allowed": F("F17", "api_version_not_allowed"),
    "api_version_unknown": F("F18", "api_version_unknown"),
    "upgrade_400": F("F19", "upgrade_400"),
    "upgrade_401": F("F20", "upgrade_401"),
    "permission_denied": F("F21", "permission_denied"),
    "subprotocol_refused": F("F22", "subprotocol_auth"),
    "ephemeral_token_required": F("F23", "ephemeral_token_required"),
    "upgrade_403": F("F24", "upgrade_403"),
    "public_access_disabled": F("F25", "public_access_disabled"),
    "resource_blocked": F("F26", "resource_blocked"),
    "deployment_not_found": F("F27", "deployment_not_found", "a retired model (F89) looks the same"),
    "path_not_found": F("F28", "path_not_found"),
    "upgrade_408": F("F29", "upgrade_408"),
    "upgrade_429": F("F30", "upgrade_429"),
    "capacity_429": F("F31", "capacity_429"),
    "lowered_limit_429": F("F32", "lowered_limit_429"),
    "unclear_429": F("F33", "unclear_429", "quota or capacity: said to be unclear"),
    "upgrade_431": F("F34", "upgrade_431"),
    "upgrade_500": F("F35", "upgrade_500"),
    "upgrade_502": F("F36", "upgrade_502"),
    "upgrade_504": F("F36", "upgrade_504"),
    "upgrade_503": F("F37", "upgrade_503"),
    "upgrade_timeout": F("F38", "upgrade_timeout", SILENCE),
    "upgrade_closed": F("F11", "upgrade_closed", EITHER_SIDE),
    "token_expired": F("F88", "token_expired"),
    "upgrade_418": F("unknown", "upgrade_rejected"),
}
SESSION = {
    "no_session_created": F("F41", "no_session_created", SILENCE),
    "closed_before_created": F("F42", "closed_before_created", "a refused setting and a fault of the service close alike"),
    "first_event_error": F("F43", "first_event_error"),
    "invalid_api_key": F("F44", "invalid_api_key"),
    "unknown_parameter": F("F45", "unknown_parameter"),
    "missing_required_parameter": F("F46", "missing_required_parameter"),
    "invalid_value": F("F47", "invalid_value"),
    "cannot_update_voice": F("F49", "cannot_update_voice"),
    "no_session_updated": F("F50", "no_session_updated", SILENCE),
    "disguised_expiry": F("F76", "expiry_suspected", "a server_error that chance puts at the cap looks the same"),
    "proxy_idle_close": F("F87", "idle_cut", "a service that cuts at a round minute would look the same"),
}
RESPONSE = {
    "commit_empty": F("F52", "commit_empty"),
    "duplicate_item": F("F53", "duplicate_item"),
    "active_response": F("F55", "active_response"),
    "response_not_started": F("F57", "response_not_started", SILENCE),
    "rate_limit_event": F("F58", "rate_limit_exceeded"),
    "error_event": F("F59", "server_error"),
    "model_not_served": F("F60", "model_not_served"),
    "connection_reset": F("F61", "connection_reset", EITHER_SIDE),
    "connection_lost": F("F61", "connection_lost", EITHER_SIDE),
    "stall": F("F62", "stall"),
    "slow_output": F("F63", "slow_output"),
    "server_error": F("F64", "server_error"),
    "service_unavailable": F("F65", "service_unavailable"),
    "rate_limit_exceeded": F("F66", "rate_limit_exceeded"),
    "failed_unbilled": F("F64", "server_error", "F67 is told beside it"),
    "failed_billed": F("F64", "server_error", "F68 is told beside it"),
    "content_filter": F("F69", "content_filter"),
    "empty_output": F("F72", "empty_output"),
    "wrong_modality": F("F72", "empty_output"),
    "bad_sampling": F("F73", "bad_sampling"),
    "invalid_json": F("F75", "protocol_violation"),
    "binary_frame": F("F75", "protocol_violation"),
    "invalid_utf8": F("F75", "protocol_violation"),
    "oversized_message": F("F75", "protocol_violation"),
    "close_1000": F("unknown", "close_1000"),
    "close_1001": F("unknown", "close_1001"),
    "close_1002": F("F83", "close_1002"),
    "close_1007": F("F83", "close_1007"),
    "close_1008": F("F81", "close_1008"),
    "close_1009": F("F82", "close_1009"),
    "close_1011": F("F84", "close_1011"),
    "close_1012": F("F85", "close_1012"),
    "close_1013": F("F85", "close_1013"),
    "close_4000": F("F86", "close_other"),
    "unknown_error": F("unknown", "unknown_error"),
}
# Ends of a session's or a response's life: recorded with domain none, counted as no failure.
LIFECYCLE = {
    "turn_detected": F("F71", "cancelled"),
    "session_expired": F("F76", "session_expired"),
    "session_cap_30": F("F77", "session_cap"),
    "idle_close": F("F78", "idle_timeout"),
}
# Faults that harm nothing: the response is ok.
HARMLESS = {"max_output_tokens", "cancel_not_active", "transcription_failed", "unknown_event", "event_flood",
            "no_close_answer"}

EXPECTED = {**BELOW_HTTP, **UPGRADE, **SESSION, **RESPONSE, **LIFECYCLE}
ALSO = {"failed_unbilled": "F67", "failed_billed": "F68", "disguised_expiry": "F64|F59"}
SIGNATURES = {"upgrade_418": "http:418/", "close_1000": "close:1000", "close_1001": "close:1001",
              "unknown_error": "event:"}
