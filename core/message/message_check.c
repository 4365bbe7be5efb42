/* What every message must have, typed once so that nobody after has to ask
 * whether it is there. */

#include "core/message/message.h"

/* Each of these says what is wrong; NULL: nothing. */

static const char *type_vias(struct message *m)
{
	struct header_iter it = { 0 };
	struct slice value;

	m->nvias = 0;
	if (!message_next_value(m, HEADER_VIA, &it, &value)) {
		m->via = (struct via){ .port = 0 };
		return "Missing Via";
	}
	if (!via_parse(value, &m->via)) {
		m->via = (struct via){ .port = 0 };
		return "Malformed Via";
	}
	do
		m->nvias++;
	while (m->nvias <= m->max_vias
	       && message_next_value(m, HEADER_VIA, &it, &value));
	return NULL;
}

static const char *type_address(struct slice value, struct name_addr *out,
                                const char *missing, const char *malformed)
{
	if (value.p != NULL && name_addr_parse(value, out) && !out->star)
		return NULL;
	*out = (struct name_addr){ .star = false };
	return value.p == NULL ? missing : malformed;
}

static const char *type_call_id(struct message *m)
{
	struct slice value = message_header(m, HEADER_CALL_ID, 0);

	m->call_id = SLICE_EMPTY;
	if (value.p == NULL)
		return "Missing Call-ID";
	if (!call_id_valid(value))
		return "Malformed Call-ID";
	m->call_id = value;
	return NULL;
}

static const char *type_cseq(struct message *m)
{
	struct slice value = message_header(m, HEADER_CSEQ, 0);

	if (value.p == NULL || !cseq_parse(value, &m->cseq)) {
		m->cseq = (struct cseq){ 0, SLICE_EMPTY, METHOD_OTHER };
		return value.p == NULL ? "Missing CSeq" : "Malformed CSeq";
	}
	if (m->is_request && !slice_eq(m->cseq.method_name, m->method_name))
		return "CSeq Method Mismatch";
	return NULL;
}

/* All are read, the first is kept. */
static const char *type_contacts(struct message *m)
{
	struct header_iter it = { 0 };
	struct contact *c = &m->contact, further;
	struct slice value;

	m->has_contact = false;
	while (message_next_value(m, HEADER_CONTACT, &it, &value)) {
		if (!contact_parse(value, c))
			return "Malformed Contact";
		m->has_contact = true;
		c = &further;
	}
	return NULL;
}

static const char *check_the_rest(const struct message *m)
{
	struct slice value;
	struct media_type type;
	uint32_t n;

	if (m->repeated != HEADER_OTHER)
		return "Repeated Single-Value Header Field";
	value = message_header(m, HEADER_MAX_FORWARDS, 0);
	if (value.p != NULL && !max_forwards_parse(value, &n))
		return "Malformed Max-Forwards";
	value = message_header(m, HEADER_CONTENT_TYPE, 0);
	if (value.p != NULL && !media_type_parse(value, &type))
		return "Malformed Content-Type";
	/* 19.1.1, table 1; RFC 4475 3.1.2.11 */
	if (m->is_request && m->uri.headers.len != 0)
		return "Headers In Request-URI";
	return NULL;
}

bool message_check(struct message *m, struct fault *fault)
{
	const char *const reasons[] = {
		type_vias(m),
		type_address(message_header(m, HEADER_FROM, 0), &m->from,
		             "Missing From", "Malformed From"),
		type_address(message_header(m, HEADER_TO, 0), &m->to,
		             "Missing To", "Malformed To"),
		type_call_id(m),
		type_cseq(m),
		type_contacts(m),
		check_the_rest(m),
	};

	if (m->nvias > m->max_vias) {
		*fault = (struct fault){ 513, "Message Too Large" };
		return false;
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i] != NULL) {
			*fault = (struct fault){ 400, reasons[i] };
			return false;
		}
	return true;
}

bool message_is_answerable(const struct message *m)
{
	return m->nvias != 0 && message_has(m, HEADER_FROM)
	       && message_has(m, HEADER_TO) && message_has(m, HEADER_CALL_ID)
	       && message_has(m, HEADER_CSEQ);
}
