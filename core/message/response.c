/* Builds responses to requests, and knows where they go. */

#include "core/message/response.h"

#include <assert.h>

#include "core/message/writer.h"

enum { RESPONSE_OVERHEAD = 192, STATUS_MIN = 100, STATUS_END = 700 };

/* Where a request said nothing of a port (18.2.2). */
static uint16_t sent_by_port(const struct via *via)
{
	if (via->port != 0)
		return via->port;
	return transport_default_port(via->transport != TRANSPORT_NONE
	                              ? via->transport : TRANSPORT_UDP);
}

/* RFC 3581 4 asks for received along with rport; 18.2.1 wherever sent-by is
 * a name or another address. */
static bool wants_received(const struct via *via, const struct addr *source)
{
	struct addr host;

	return via->has_rport || !addr_parse_ip(via->host, &host)
	       || !addr_same_ip(&host, source);
}

/* Octets of the first parameter, up to the next ";" that is not quoted:
 * via_parse() has seen that they are well formed. */
static size_t param_len(struct slice params)
{
	bool quoted = false;

	for (size_t i = 1; i < params.len; i++) {
		if (params.p[i] == '"')
			quoted = !quoted;
		else if (params.p[i] == '\\')
			i++;
		else if (params.p[i] == ';' && !quoted)
			return i;
	}
	return params.len;
}

/* Parameters in their order and spelling; rport is filled where it stands. A
 * received that the client wrote itself is not to be believed. */
static void print_via_params(struct buf *out, struct slice params,
                             const struct addr *source)
{
	struct slice param, rest, name = SLICE_EMPTY;

	params = slice_trim(params);
	while (params.len != 0) {
		param = rest = slice_make(params.p, param_len(params));
		params = slice_skip(params, param.len);
		(void)slice_take_sep(&rest, ';');
		(void)slice_take_token(&rest, &name);
		if (slice_eq_nocase(name, SLICE("rport"))) {
			buf_slice(out, SLICE(";rport="));
			buf_u64(out, source->port);
		} else if (!slice_eq_nocase(name, SLICE("received"))) {
			buf_slice(out, slice_trim(param));
		}
	}
}

static void print_top_via(struct buf *out, struct slice top,
                          const struct via *via, const struct addr *source)
{
	const char *params = via->sent_by.p + via->sent_by.len;

	buf_slice(out, slice_between(top.p, params));
	print_via_params(out, slice_between(params, top.p + top.len), source);
	if (wants_received(via, source)) {
		buf_slice(out, SLICE(";received="));
		addr_print_ip(out, source);
	}
}

/* The field that holds the topmost Via: the first one that is not empty. */
static const struct header *find_top_via(const struct message *req,
                                         struct slice *top)
{
	uint16_t i = req->first[HEADER_VIA];

	for (; i != 0; i = req->headers[i].next) {
		struct slice rest = req->headers[i].value;

		if (slice_take_element(&rest, top))
			return &req->headers[i];
	}
	return NULL;
}

/* The field may hold more than the topmost Via. */
static void print_vias(struct buf *out, const struct message *req,
                       const struct addr *source)
{
	const struct header *field;
	struct slice top;
	const char *end;

	field = find_top_via(req, &top);
	assert(field != NULL && req->via.sent_by.p > top.p);
	end = field->value.p + field->value.len;
	buf_slice(out, SLICE("Via: "));
	print_top_via(out, top, &req->via, source);
	buf_slice(out, slice_between(top.p + top.len, end));
	buf_slice(out, SLICE("\r\n"));
	for (uint16_t i = field->next; i != 0; i = req->headers[i].next)
		writer_copy(out, HEADER_VIA, req->headers[i].value);
}

/* 12.1.1, RFC 6665 4.1 and 4.2. */
static bool makes_dialog(enum method method)
{
	switch (method) {
	case METHOD_INVITE:
	case METHOD_SUBSCRIBE:
	case METHOD_REFER:
	case METHOD_NOTIFY:
		return true;
	case METHOD_OTHER:
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
	case METHOD_INFO:
	case METHOD_MESSAGE:
	case METHOD_OPTIONS:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_REGISTER:
	case METHOD_UPDATE:
	case METHOD_COUNT:
		break;
	}
	return false;
}

static void print_record_routes(struct writer *w, const struct message *req,
                                unsigned status)
{
	if (makes_dialog(req->method) && status > 100 && status < 300
	    && !writer_place(w, HEADER_RECORD_ROUTE))
		writer_copy_all(w->out, HEADER_RECORD_ROUTE, req);
}

static void print_to(struct buf *out, const struct message *req,
                     const struct response_parts *parts)
{
	buf_slice(out, SLICE("To: "));
	buf_slice(out, message_header(req, HEADER_TO, 0));
	if (parts->status > 100 && parts->to_tag.len != 0
	    && req->to.tag.p == NULL) {
		buf_slice(out, SLICE(";tag="));
		writer_value(out, parts->to_tag);
	}
	buf_slice(out, SLICE("\r\n"));
}

static void print_status_line(struct buf *out,
                              const struct response_parts *parts)
{
	struct slice reason = parts->reason;

	if (parts->status < STATUS_MIN || parts->status >= STATUS_END)
		writer_refuse(out);
	if (reason.len == 0)
		reason = slice_str(response_reason(parts->status));
	buf_slice(out, SLICE("SIP/2.0 "));
	buf_u64(out, parts->status);
	buf_char(out, ' ');
	writer_value(out, reason);
	buf_slice(out, SLICE("\r\n"));
}

static void print_copied(struct writer *w, const struct message *req,
                         enum header_id id)
{
	if (!writer_place(w, id))
		writer_copy(w->out, id, message_header(req, id, 0));
}

/* What is copied is at most the request's header block. */
static size_t estimate(const struct message *req,
                       const struct response_parts *parts,
                       const struct writer *w)
{
	return RESPONSE_OVERHEAD + req->wire.len - req->body.len
	       + writer_estimate(w) + parts->reason.len + parts->to_tag.len
	       + parts->content_type.len + parts->body.len;
}

void response_print(struct buf *out, const struct message *req,
                    const struct addr *source,
                    const struct response_parts *parts)
{
	struct writer w;

	assert(message_is_answerable(req));
	writer_init(&w, out, parts->fields, parts->nfields);
	buf_reserve(out, estimate(req, parts, &w));
	print_status_line(out, parts);
	if (!writer_place(&w, HEADER_VIA))
		print_vias(out, req, source);
	print_record_routes(&w, req, parts->status);
	if (!writer_place(&w, HEADER_TO))
		print_to(out, req, parts);
	print_copied(&w, req, HEADER_FROM);
	print_copied(&w, req, HEADER_CALL_ID);
	print_copied(&w, req, HEADER_CSEQ);
	if (parts->status == 100)
		print_copied(&w, req, HEADER_TIMESTAMP);
	writer_finish(&w, parts->content_type, parts->body);
}

static const char *const reasons[STATUS_END] = {
	[100] = "Trying",
	[180] = "Ringing",
	[181] = "Call Is Being Forwarded",
	[182] = "Queued",
	[183] = "Session Progress",
	[199] = "Early Dialog Terminated",
	[200] = "OK",
	[202] = "Accepted",
	[204] = "No Notification",
	[300] = "Multiple Choices",
	[301] = "Moved Permanently",
	[302] = "Moved Temporarily",
	[305] = "Use Proxy",
	[380] = "Alternative Service",
	[400] = "Bad Request",
	[401] = "Unauthorized",
	[402] = "Payment Required",
	[403] = "Forbidden",
	[404] = "Not Found",
	[405] = "Method Not Allowed",
	[406] = "Not Acceptable",
	[407] = "Proxy Authentication Required",
	[408] = "Request Timeout",
	[410] = "Gone",
	[412] = "Conditional Request Failed",
	[413] = "Request Entity Too Large",
	[414] = "Request-URI Too Long",
	[415] = "Unsupported Media Type",
	[416] = "Unsupported URI Scheme",
	[417] = "Unknown Resource-Priority",
	[420] = "Bad Extension",
	[421] = "Extension Required",
	[422] = "Session Interval Too Small",
	[423] = "Interval Too Brief",
	[424] = "Bad Location Information",
	[425] = "Bad Alert Message",
	[428] = "Use Identity Header",
	[429] = "Provide Referrer Identity",
	[430] = "Flow Failed",
	[433] = "Anonymity Disallowed",
	[436] = "Bad Identity Info",
	[437] = "Unsupported Credential",
	[438] = "Invalid Identity Header",
	[439] = "First Hop Lacks Outbound Support",
	[440] = "Max-Breadth Exceeded",
	[469] = "Bad Info Package",
	[470] = "Consent Needed",
	[480] = "Temporarily Unavailable",
	[481] = "Call/Transaction Does Not Exist",
	[482] = "Loop Detected",
	[483] = "Too Many Hops",
	[484] = "Address Incomplete",
	[485] = "Ambiguous",
	[486] = "Busy Here",
	[487] = "Request Terminated",
	[488] = "Not Acceptable Here",
	[489] = "Bad Event",
	[491] = "Request Pending",
	[493] = "Undecipherable",
	[494] = "Security Agreement Required",
	[500] = "Server Internal Error",
	[501] = "Not Implemented",
	[502] = "Bad Gateway",
	[503] = "Service Unavailable",
	[504] = "Server Time-out",
	[505] = "Version Not Supported",
	[513] = "Message Too Large",
	[555] = "Push Notification Service Not Supported",
	[580] = "Precondition Failure",
	[600] = "Busy Everywhere",
	[603] = "Decline",
	[604] = "Does Not Exist Anywhere",
	[606] = "Not Acceptable",
	[607] = "Unwanted",
	[608] = "Rejected",
};

const char *response_reason(unsigned status)
{
	if (status >= STATUS_END || reasons[status] == NULL)
		return "Unknown";
	return reasons[status];
}

/* A stranger's maddr may not make us speak to a group (SIP's multicast is
 * not spoken here), nor to nobody. */
static bool take_maddr(const struct via *via, struct addr *out)
{
	return via->maddr.p != NULL && addr_parse_ip(via->maddr, out)
	       && !addr_is_multicast(out) && !addr_is_any(out);
}

void response_target(const struct via *via, const struct addr *source,
                     struct addr *out)
{
	struct addr target;

	if (take_maddr(via, &target)) {
		target.port = sent_by_port(via);
		target.scope = source->scope;
	} else {
		target = *source;
		if (!via->has_rport)
			target.port = sent_by_port(via);
	}
	*out = target;
}

bool via_learnt(const struct via *via, struct addr *out)
{
	struct addr sent_by, seen;
	uint16_t port = via->port != 0
	                ? via->port : transport_default_port(via->transport);
	bool same_ip;

	if (!addr_parse_ip(via->received.p != NULL ? via->received : via->host,
	                   &seen))
		return false;
	same_ip = addr_parse_ip(via->host, &sent_by)
	          && addr_same_ip(&sent_by, &seen);
	if (same_ip && (via->rport == 0 || via->rport == port))
		return false;
	seen.port = via->rport;
	*out = seen;
	return true;
}
