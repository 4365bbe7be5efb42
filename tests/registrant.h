#ifndef TESTS_REGISTRANT_H
#define TESTS_REGISTRANT_H

/*
 * A registration on an endpoint that is played by the test: what it sends is
 * kept and not sent, and the test answers it. Linked into its tests alone: it
 * takes the place of core/ua/endpoint.
 */

#include "core/ua/registration.h"
#include "tests/helpers.h"

enum { REGISTRANT_TEXT_MAX = 2000 };

struct context {
	uint64_t id;
};

/* Keeps the last request, and who wants to hear of it. */
struct endpoint {
	struct env env;
	struct keepalive_set keepalives;
	struct leg leg;
	struct flow flow;
	struct context context;
	unsigned sent, closed;
	enum error refuse;              /* what the next sending fails with */
	char uri[REGISTRANT_TEXT_MAX], from[REGISTRANT_TEXT_MAX];
	char call_id[REGISTRANT_TEXT_MAX];
	char fields[REGISTRANT_TEXT_MAX];       /* "Name: value|Name: value" */
	char contact_params[REGISTRANT_TEXT_MAX];
	bool with_contact;
	uint32_t cseq;
	struct credentials *credentials;
	response_fn *fn;
	void *arg;
};
extern struct endpoint ep;

/* The last report of the registration. */
struct registrant_seen {
	unsigned count;
	enum registration_event event;
	unsigned status;
	enum error err;
	char text[REGISTRANT_TEXT_MAX];
	uint32_t expires_s;
	bool refresh;
	int64_t next_try_ms;
	char bindings[REGISTRANT_TEXT_MAX];     /* "uri,60,q500,self ..." */
	bool ran_out;                   /* an allocation was made to fail */
};
extern struct registrant_seen seen;

/* Freed at the end of each test; begin() makes it. */
extern struct registration *reg;
extern bool free_when_told;
/* A registration_fn; its arg is &seen. */
registration_fn on_report;

/* Of sip:alice@example.com with sip:example.com, for 600 s. */
extern const struct registration_params plain;
/* The Contact of the leg. */
#define OWN "<sip:alice@192.0.2.1:5062>"

void set_up(void);
void tear_down(void);
void begin(const struct registration_params *p);
/* Stops at each instant at which something is due. */
void advance_ms(uint64_t ms);

/* Answers the last request: "200 OK", and lines with CRLF. */
void answer(const char *status_line, const char *headers);
/* The same, when the endpoint itself has sent up to this CSeq. */
void answer_as(const char *status_line, const char *headers, uint32_t cseq);
/* The same; the nth (from 0) of the allocations that follow fails. */
void answer_short_of_memory(const char *status_line, const char *headers,
                            uint32_t cseq, long nth);
/* Tells of a failure without an answer. */
void fail_with(enum error err);
/* Registers, and is granted that time. */
void register_for(uint32_t granted_s);

#endif
