/*
 * Drives one session: feeds the state machine of session.h from the socket and the clock, carries
 * out its actions, and records the outcome. It may outlive its virtual user while the connection
 * closes.
 */
#ifndef RUSHHOUR_ENGINE_DRIVER_H
#define RUSHHOUR_ENGINE_DRIVER_H

#include "engine/microphone.h"
#include "engine/purse.h"
#include "engine/request_id.h"
#include "engine/virtual_user.h"
#include "record/evidence.h"
#include "service/overdue.h"
#include "service/playout.h"
#include "service/session.h"
#include "service/skew.h"
#include "service/transport.h"

/* What the service and the library said about a refusal or the end. */
struct last_words {
    char body_code[64], body_message[512];
    char close_reason[128];
    char detail[160]; /* the library's */
};

/* An attempt, for its row and its counters: its virtual user may be gone when it ends. */
struct driver_try {
    uint64_t interaction, attempt; /* numbers from 1 */
    uint64_t arrival;              /* of its user in the plan, from 1; 0 in a closed load */
    uint64_t due_ns;               /* of its dial, if that was its beginning */
    size_t demand;
    bool again, probe; /* as in virtual_user */
    bool hedge;        /* began in another region before the first one had output */
};

struct driver {
    struct worker *worker;
    struct driver *next, *previous; /* in worker.drivers */
    struct virtual_user *user;      /* NULL once the user has continued without this session */
    size_t region;
    struct driver_try made; /* the attempt under way, or the last one */
    struct session session;
    struct conversation *conversation; /* NULL once it has ended */
    struct timer deadline;
    struct overdue overdue;  /* whether it may be judged */
    uint64_t settles_ns;     /* when the event came that makes the session ready; 0: not yet, or
                                     the session has heard it */
    struct overdue settling; /* whether it may hear it */
    uint64_t number;         /* of the session in the run, from 1 */
    struct chain *chain;     /* held until the session has ended */
    uint64_t judged, failed; /* its attempts that were ok or failed, and the failed ones */
    struct credential credential; /* what it was dialled with, without the value; serial 0: one
                                     that never changes */
    char client_request_id[REQUEST_ID_SIZE];
    char address[48];
    bool paid;                  /* the turn in flight, or to be sent when it has opened, is taken
                                   out of the budget */
    struct turn_bound bound;    /* the most that this turn can take */
    struct purse_part reserved; /* the same, as a part of the budget */
    struct purse_part standing; /* for the time that it is open, ahead */
    uint64_t context_tokens, context_audio; /* of the conversation so far, as told */
    uint64_t asked_context;                 /* the same when the turn was sent */
    int64_t sent_late_ns, doubt_ns; /* of the turn: sent minus due; by how much its first output's
                                       time may be wrong */
    uint64_t late_before_ns;        /* of the worker, when the dial began */
    bool opened;                    /* counted in sessions_open */
    bool in_flight;                 /* counted in in_flight: a turn was sent and has not ended */
    bool busy;      /* an action is being carried out; its end will handle further requests */
    bool abandoned; /* the virtual user receives no more reports */
    bool lost;      /* nor of this: another region has answered, and the attempt was cancelled */
    bool on_trial;  /* a trial of the abort rule is in progress; it began in trial_group */
    uint64_t trial_group;
    struct microphone microphone; /* where users speak, as the rest of this */
    struct timer chunk;           /* of what it sends next */
    size_t spoken_bytes;          /* of the utterance, in messages */
    int64_t speech_ns;            /* its length */
    struct playout playout;       /* of the turn's answer */
    int64_t interrupt_after_ns;   /* of its first audio, in this machine's time; 0: not */
    struct timer interruption;
    bool listens;              /* an answer has come whole, and may still be played */
    int64_t heard_ns;          /* until then; -1: it was not interrupted */
    uint64_t answer_ns;        /* when its first audio came; 0: not yet */
    struct event_facts *error; /* room for the session's; NULL: none came */
    /* kept for evidence */
    struct evidence_event events[EVIDENCE_EVENTS]; /* a ring */
    uint64_t event_count;
    struct evidence_header *headers; /* of the response to the upgrade, with their text behind */
    size_t header_count;
    struct skew skew;         /* of the service's clock against the run's */
    struct last_words *words; /* NULL: none yet; most sessions never have any */
    char sent[SHAPE_SIZE];    /* shape of what was sent */
    int http_status, close_code;
    int64_t hint_ns;  /* the wait requested by a refusal's headers */
    int64_t reset_ns; /* until when they say that its limits are whole again */
};

/* Passed to the carriers of every worker. */
extern const struct transport_handlers driver_handlers;

/* Dials for a virtual user; a dial that cannot even be started is recorded as failed by our own
 * limit. False when out of memory to record it. */
bool driver_dial(struct virtual_user *user, uint64_t now_ns);

/* Dials another region for the virtual user's attempt of this number, beside the one that is under
 * way (virtual_user.second); what its turn can take is out of the budget. As driver_dial. */
bool driver_hedge(struct virtual_user *user, size_t region, const struct turn_bound *bound,
                  struct purse_part reserved, uint64_t now_ns);

/* driver_try.c: the attempt of a virtual user that is dialled now; and what its session makes
 * when it sends: a hedge is the attempt for which it was dialled. */
struct driver_try driver_try_of(const struct virtual_user *user);
void driver_make_try(struct driver *driver);

/* driver_try.c: another region has answered: its attempt is cancelled, and told as such once the
 * service has said what it took. Its virtual user has let it go. */
void driver_cancel(struct driver *driver, uint64_t now_ns);

/* driver_budget.c: what a virtual user's next turn can take, in its session or a new one; or, where
 * driver is NULL, in a new one of that region. */
struct turn_bounds driver_bounds(const struct virtual_user *user, const char *prompt);
struct turn_bounds driver_bounds_in(const struct worker *worker, size_t region,
                                    const struct driver *driver, const char *prompt);

/* driver_budget.c: what its virtual user has taken out of the budget is the session's now; and goes
 * back, for its turn is not sent yet. */
void driver_take_over(struct driver *driver, struct virtual_user *user);
void driver_give_back(struct driver *driver);

/* driver_budget.c: the session will be open, and its time charged; and it is gone, with all that
 * was reserved for it. */
void driver_pay_ahead(struct driver *driver);
void driver_release(struct driver *driver);

/* driver_budget.c: a turn has ended, and took so much; all 0 if nothing was told. */
void driver_settle(struct driver *driver, const struct usage *usage, double usd, bool failed);

/* Sends the virtual user's next attempt on a ready session, which virtual_user_afford has
 * allowed. */
void driver_turn(struct driver *driver, uint64_t due_ns, const char *prompt, uint64_t now_ns);

/* driver_voice.c: the user begins to speak; returns when the last sound will have been sent. */
uint64_t driver_speak(struct driver *driver, uint64_t now_ns);

/* driver_voice.c: audio of an answer came; and how long from now on the user listens to what has
 * come, in this machine's time. */
void driver_hear(struct driver *driver, uint64_t bytes, uint64_t at_ns);
int64_t driver_left_to_hear(const struct driver *driver, uint64_t now_ns);

/* driver_voice.c: what the last attempt's answer was heard of, and how, is counted; ok: it is. */
void driver_count_voice(struct driver *driver, bool ok);

/* Its user has been heard to the last sound; and all that was said is committed. */
void driver_spoken(struct driver *driver, uint64_t now_ns);
void driver_commit(struct driver *driver, uint64_t now_ns);

/* driver_voice.c: what an event that is about to be heard says of how turns are taken, and what a
 * response took that nobody asked for. */
void driver_count_taking(struct driver *driver, const struct event_facts *event, uint64_t at_ns);

/* Closes cleanly, between turns, and releases the virtual user. */
void driver_finish(struct driver *driver, uint64_t now_ns);

/* The user interrupts the answer under way, whose cancel has been sent. */
void driver_interrupted(struct driver *driver, uint64_t now_ns);

/* Ends at once; an attempt in flight is cancelled. */
void driver_abandon(struct driver *driver, uint64_t now_ns);

/* This machine did not look at its sockets for so long. */
void driver_pause(struct driver *driver, uint64_t paused_ns, uint64_t now_ns);

/* Whether anything that the service sent lies unread. */
bool driver_unread(const struct driver *driver);

bool driver_usable(const struct driver *driver);

/* Converts a duration from this machine's time to the run's own clock, which applies to
 * everything recorded except facts about the machine itself. */
int64_t driver_run_time(const struct driver *driver, int64_t real_ns);

/*
 * driver_record.c: puts an action's news into cells, rows and evidence, and tells the virtual user
 * about attempts; a failed attempt's evidence is written before the virtual user can continue.
 * now_ns is a moment of recorder_at.
 */
void driver_record(struct driver *driver, const struct session_action *action, uint64_t now_ns);

/* driver_try.c: a trial of the abort rule begins with the dial, and with each further attempt
 * while its interaction chain has had no failure. */
void driver_begin_trial(struct driver *driver);
void driver_end_trial(struct driver *driver, enum trial_end end);

/* Which attempt of which interaction, from 1; 0 if none was in progress. */
struct evidence_of {
    uint64_t interaction, attempt;
};

/* driver_try.c: the attempt under way, for its record. */
struct evidence_of driver_evidence_of(const struct driver *driver);

/* driver_evidence.c: appends the evidence record for an action to the worker's handover. */
void driver_write_evidence(struct driver *driver, const struct session_action *action,
                           const struct evidence_of *of, enum decision decision, uint64_t at_ns);

/* driver_answer.c: where its last words go; NULL when out of memory: the record will have less
 * detail. */
struct last_words *driver_last_words(struct driver *driver);

/* driver_evidence.c: the message of the service or the library about a failure; "" if there is
 * none. */
const char *driver_message(const struct driver *driver, const struct session_action *action);

/* driver_evidence.c: whether its session is not ready yet, so that the dial is the attempt. */
bool driver_in_dial(const struct driver *driver);

/* driver_answer.c: keeps what evidence needs from the response that opened or refused the session.
 * Returns its facts for later failures, including what the region reported before. */
struct failure_facts driver_take_answer(struct driver *driver, const struct answer *answer,
                                        uint64_t at_ns);

#endif
