/* Messages that are nearly right, by the choices of a tape. */

#include "tests/fuzz_grammar.h"

#include "core/base/list.h"

#define PICK(t, list) ((list)[tape_below((t), ARRAY_LEN(list))])

static const char offer[] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n"
	"t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/* The first is what a well-behaved peer says; so it is in every list. */
static const char *const contacts[] = {
	"<sip:bob@192.0.2.9>", NULL, "<sip:bob@192.0.2.66:5070>",
	"<sip:bob@192.0.2.9;transport=tcp>", "<sips:bob@192.0.2.9>",
	"<sip:bob@evil.example>", "*", "<tel:110>", "<sip:>",
	"<sip:a@192.0.2.66>;q=0.1, <sip:b@192.0.2.66>;q=1, <sip:c@192.0.2.9>",
	"<sip:bob@192.0.2.9?Route=%3csip:evil.example%3e&Via=x>",
	"<sip:alice@192.0.2.1>;expires=1", "<sip:alice@192.0.2.1>;expires=0",
	"<sip:bob@[::1]:99999>", "<sip:bob@192.0.2.9>, <sip:c@192.0.2.9>",
};

static const char digest[] =
	"Digest realm=\"home\",nonce=\"n1\",qop=\"auth,auth-int\"";

static const char *const extras[] = {
	"",
	"WWW-Authenticate: %\r\n",
	"Proxy-Authenticate: %\r\n",
	"WWW-Authenticate: %,stale=true,algorithm=SHA-256\r\n",
	"WWW-Authenticate: Digest realm=\"other\",nonce=\"n2\"\r\n"
	"Proxy-Authenticate: %\r\n",
	"WWW-Authenticate: Basic realm=\"home\"\r\n",
	"Authentication-Info: nextnonce=\"n3\"\r\n",
	"Min-Expires: 7200\r\n",
	"Min-Expires: 4294967295\r\n",
	"Expires: 1\r\n",
	"Expires: 4294967295\r\n",
	"Retry-After: 1 (soon);duration=2\r\n",
	"Record-Route: <sip:192.0.2.9;lr>, <sip:192.0.2.66>\r\n",
	"Record-Route: <sip:evil.example>\r\n",
	"Require: 100rel\r\n",
	"Require: timer, x\r\nProxy-Require: y\r\n",
	"RSeq: 1\r\nRequire: 100rel\r\n",
	"Route: <sip:192.0.2.1;lr>\r\nMax-Forwards: 0\r\n",
	"Service-Route: <sip:192.0.2.66;lr>\r\n",
	"Session-Expires: 1\r\nMin-SE: 1\r\n",
	"Refer-To: <sip:evil@192.0.2.66>\r\n",
	"Replaces: c0;to-tag=a;from-tag=b\r\n",
	"Authorization: Digest username=\"bob\",realm=\"r\",nonce=\"n\","
	"uri=\"sip:x\",response=\"00\"\r\n",
	"Via: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx\r\n",
	"Content-Encoding: gzip\r\n",
	"Accept: text/plain\r\n",
	"Subject: \033]0;x\007\r\n",
	"To: <sip:second@192.0.2.9>\r\n",
	"CSeq: 4294967296 X\r\n",
};

/* --- parts --- */

static void print_body(struct tape *t, struct buf *out)
{
	static const char *const types[] = {
		"", "application/sdp", "text/plain",
		"multipart/mixed;boundary=b", "application/sdp;x=\"",
	};
	static const char *const bodies[] = {
		offer, "", "x",
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n",
		"v=0\r\nm=audio 99999999999 RTP/AVP 0 0 0\r\n",
	};
	static const char *const lengths[] = {
		NULL, NULL, NULL, "0", "-1", "99999",
	};
	const char *type = PICK(t, types), *body, *length;

	if (*type == '\0') {
		buf_str(out, "Content-Length: 0\r\n\r\n");
		return;
	}
	body = PICK(t, bodies);
	length = PICK(t, lengths);
	buf_printf(out, "Content-Type: %s\r\nContent-Length: ", type);
	if (length != NULL)
		buf_str(out, length);
	else
		buf_u64(out, strlen(body));
	buf_printf(out, "\r\n\r\n%s", body);
}

/* Up to three; % stands for a challenge of the account's own realm. */
static void print_extras(struct tape *t, struct buf *out)
{
	for (unsigned n = tape_below(t, 4); n > 0; n--) {
		const char *text = PICK(t, extras);
		struct slice rest = slice_str(text);
		size_t at = slice_find(rest, '%');

		buf_append(out, rest.p, at);
		if (at == rest.len)
			continue;
		buf_str(out, digest);
		buf_slice(out, slice_skip(rest, at + 1));
	}
}

static void print_contact(struct tape *t, struct buf *out)
{
	const char *contact = PICK(t, contacts);

	if (contact != NULL)
		buf_printf(out, "Contact: %s\r\n", contact);
}

const char *grammar_method(struct tape *t)
{
	static const char *const methods[] = {
		"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER",
		"MESSAGE", "INFO", "UPDATE", "REFER", "PRACK", "SUBSCRIBE",
		"NOTIFY", "PUBLISH", "invite", "F\"OO",
	};

	return PICK(t, methods);
}

/* --- requests --- */

static void print_via(struct tape *t, struct buf *out)
{
	static const char *const starts[] = {
		"UDP 192.0.2.9:5060;rport;branch=z9hG4bK",
		"TCP 192.0.2.9;branch=z9hG4bK",
		"UDP 192.0.2.66;maddr=224.0.0.1;branch=z9hG4bK",
		"UDP 192.0.2.9;received=192.0.2.66;rport=1;branch=z9hG4bK",
		"UDP 192.0.2.9;branch=", "UDP [::1]:0;ttl=1;branch=z9hG4bK",
	};

	buf_printf(out, "Via: SIP/2.0/%s%u\r\n", PICK(t, starts),
	           tape_below(t, 16));
}

/* A choice of 0 is what belongs to d. */
static void print_ends(struct tape *t, const struct dialog *d,
                       struct buf *out)
{
	static const char *const froms[] = {
		"<sip:bob@192.0.2.9>;tag=peer", "<sip:bob@192.0.2.9>;tag=f2",
		"<sip:bob@192.0.2.9>", "\"\\\" <sip:x>;tag=\"", "sip:b;tag=a",
	};
	static const char *const tos[] = {
		"<sip:alice@192.0.2.1>", "<sip:alice@192.0.2.1>;tag=wrong",
		"<tel:1>", "<sip:home>",
	};
	static const char *const call_ids[] = { "c0", "c1", "c2@x", "\"" };
	unsigned from = tape_below(t, 8), to = tape_below(t, 8);
	unsigned call_id = tape_below(t, 8);

	buf_str(out, "From: ");
	if (d != NULL && from < 4)
		buf_slice(out, dialog_remote(d));
	else
		buf_str(out, froms[from % ARRAY_LEN(froms)]);
	buf_str(out, "\r\nTo: ");
	if (d != NULL && to < 4)
		buf_slice(out, dialog_local(d));
	else
		buf_str(out, tos[to % ARRAY_LEN(tos)]);
	buf_str(out, "\r\nCall-ID: ");
	if (d != NULL && call_id < 6)
		buf_slice(out, dialog_call_id(d));
	else
		buf_str(out, call_ids[call_id % ARRAY_LEN(call_ids)]);
	buf_str(out, "\r\n");
}

void grammar_request(struct tape *t, const struct dialog *d, struct buf *out)
{
	static const char *const uris[] = {
		"sip:alice@192.0.2.1", "sip:192.0.2.1", "sip:home",
		"sips:alice@192.0.2.1", "tel:110", "sip:alice@192.0.2.1;maddr=x",
		"<sip:a>", "sip:a@b?Route=x",
	};
	const char *method = grammar_method(t);

	buf_printf(out, "%s %s SIP/2.0\r\n", method, PICK(t, uris));
	print_via(t, out);
	print_ends(t, d, out);
	buf_printf(out, "CSeq: %u %s\r\n", tape_below(t, 6),
	           tape_below(t, 16) == 1 ? "OPTIONS" : method);
	print_contact(t, out);
	print_extras(t, out);
	print_body(t, out);
}

/* --- responses --- */

static void print_copies(struct buf *out, const struct message *m,
                         enum header_id id, const char *suffix)
{
	struct slice value;

	for (size_t i = 0; (value = message_header(m, id, i)).p != NULL; i++) {
		buf_slice(out, header_table[id].name);
		buf_str(out, ": ");
		buf_slice(out, value);
		buf_str(out, suffix);
		buf_str(out, "\r\n");
	}
}

/* Most are as they should be: a forged one is dropped at once. */
static const char *forged(struct tape *t)
{
	return tape_below(t, 32) == 1 ? "x" : "";
}

void grammar_response(struct tape *t, const struct message *request,
                      struct buf *out)
{
	static const unsigned statuses[] = {
		200, 100, 180, 183, 401, 407, 202, 302, 300, 305, 380, 400,
		403, 404, 408, 422, 423, 481, 486, 487, 488, 491, 500, 503,
		600, 603, 699, 299, 199,
	};
	static const char *const tags[] = {
		";tag=peer", ";tag=fork2", "", ";tag=fork3", ";tag=\"",
	};
	const char *tag;

	buf_printf(out, "SIP/2.0 %u %s\r\n", PICK(t, statuses),
	           tape_below(t, 16) == 1 ? "\033[2J" : "R");
	tag = PICK(t, tags);
	print_copies(out, request, HEADER_VIA, forged(t));
	print_copies(out, request, HEADER_FROM, forged(t));
	print_copies(out, request, HEADER_TO,
	             request->to.tag.p == NULL ? tag : forged(t));
	print_copies(out, request, HEADER_CALL_ID, forged(t));
	print_copies(out, request, HEADER_CSEQ, forged(t));
	print_contact(t, out);
	print_extras(t, out);
	print_body(t, out);
}

/* --- octets --- */

void grammar_mutate(struct tape *t, struct buf *text)
{
	for (unsigned n = tape_below(t, 4); n > 0 && text->len != 0; n--) {
		size_t at = tape_take(t);

		at = (at << 8 | tape_take(t)) % text->len;
		text->p[at] = (char)tape_take(t);
	}
	if (tape_below(t, 32) == 1)
		text->len = text->len * tape_take(t) / 256;
}
