/* What is refused without asking anybody (RFC 3261 8.2). */

#include "core/ua/screen.h"

static bool refuse(struct refusal *out, unsigned status)
{
	out->status = status;
	return false;
}

static void explain(struct refusal *out, enum header_id id,
                    struct slice value)
{
	out->fields[out->nfields++] = (struct field){
		header_table[id].name, value,
	};
}

bool screen_lists(struct slice list, struct slice token)
{
	struct slice element;

	while (slice_take_element(&list, &element))
		if (slice_eq(element, token))
			return true;
	return false;
}

/* 8.2.1 */
static bool pass_method(const struct endpoint_settings *s,
                        const struct message *m, struct refusal *out)
{
	switch (m->method) {
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
		return true;
	case METHOD_OTHER:
	case METHOD_INFO:
	case METHOD_INVITE:
	case METHOD_MESSAGE:
	case METHOD_NOTIFY:
	case METHOD_OPTIONS:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_REFER:
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_UPDATE:
	case METHOD_COUNT:
		break;
	}
	if (screen_lists(s->allow, m->method_name))
		return true;
	explain(out, HEADER_ALLOW, s->allow);
	return refuse(out, m->method == METHOD_OTHER ? 501 : 405);
}

/* 8.2.2.1 */
static bool pass_uri(const struct message *m, struct refusal *out)
{
	switch (m->uri.scheme) {
	case URI_SIP:
	case URI_SIPS:
		return true;
	case URI_TEL:
	case URI_OTHER:
		return refuse(out, 416);
	case URI_NONE:
		break;
	}
	out->reason = SLICE("Bad Request-URI");
	return refuse(out, 400);
}

/* 8.2.2.3 */
static bool pass_require(const struct endpoint_settings *s,
                         const struct message *m, struct refusal *out)
{
	struct header_iter it = { 0 };
	struct slice tag;

	if (m->method == METHOD_CANCEL || m->method == METHOD_ACK)
		return true;
	while (message_next_value(m, HEADER_REQUIRE, &it, &tag)) {
		if (screen_lists(s->supported, tag))
			continue;
		/* it would have to be repeated in Unsupported */
		if (!slice_all(tag, CHAR_TOKEN)) {
			out->reason = SLICE("Bad Require");
			return refuse(out, 400);
		}
		if (out->text.len != 0)
			buf_slice(&out->text, SLICE(", "));
		buf_slice(&out->text, tag);
	}
	if (out->text.len == 0)
		return true;
	explain(out, HEADER_UNSUPPORTED, buf_view(&out->text));
	return refuse(out, 420);
}

/* 8.1.1.8, 12.1.1. RFC 2543 did not ask for it: From has to do then. */
static bool pass_contact(const struct message *m, struct refusal *out)
{
	struct header_iter it = { 0 };
	struct contact contact;
	struct slice value;

	if ((m->method != METHOD_INVITE && m->method != METHOD_SUBSCRIBE)
	    || !via_branch_is_rfc3261(&m->via))
		return true;
	if (message_next_value(m, HEADER_CONTACT, &it, &value)
	    && contact_parse(value, &contact) && !contact.addr.star)
		return true;
	out->reason = SLICE("Missing Contact");
	return refuse(out, 400);
}

/* The peer can do without its body (20.11). */
static bool is_optional(const struct message *m)
{
	struct slice value = message_header(m, HEADER_CONTENT_DISPOSITION, 0);
	struct slice disposition, name, handling;

	if (!slice_take_token(&value, &disposition))
		return false;
	while (slice_take_param(&value, &name, &handling))
		if (slice_eq_nocase(name, SLICE("handling")))
			return slice_eq_nocase(handling, SLICE("optional"));
	return false;
}

static bool split_type(struct slice text, struct slice *type,
                       struct slice *subtype)
{
	struct media_type t;

	if (!media_type_parse(text, &t))
		return false;
	*type = t.type;
	*subtype = t.subtype;
	return true;
}

static bool accepts(const struct endpoint_settings *s,
                    const struct message *m)
{
	struct slice accept = s->accept, element, type, subtype, body;

	while (slice_take_element(&accept, &element))
		if (split_type(element, &type, &subtype)
		    && !slice_eq_nocase(type, SLICE("multipart"))
		    && message_body_of_type(m, type, subtype, &body))
			return true;
	return false;
}

/* 8.2.3 */
static bool pass_body(const struct endpoint_settings *s,
                      const struct message *m, struct refusal *out)
{
	struct slice encoding = message_header(m, HEADER_CONTENT_ENCODING, 0);

	if (m->body.len == 0 || is_optional(m))
		return true;
	if (encoding.len != 0
	    && !slice_eq_nocase(encoding, SLICE("identity"))) {
		explain(out, HEADER_ACCEPT_ENCODING, SLICE("identity"));
		return refuse(out, 415);
	}
	if (m->method != METHOD_INVITE && m->method != METHOD_UPDATE)
		return true;
	if (accepts(s, m))
		return true;
	explain(out, HEADER_ACCEPT, s->accept);
	return refuse(out, 415);
}

bool screen_request(const struct endpoint_settings *s,
                    const struct message *m, struct refusal *out)
{
	*out = (struct refusal){ 0 };
	return pass_method(s, m, out) && pass_uri(m, out)
	       && pass_require(s, m, out) && pass_contact(m, out)
	       && pass_body(s, m, out);
}

void refusal_deinit(struct refusal *r)
{
	buf_deinit(&r->text);
}
