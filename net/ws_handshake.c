/* The two texts that open a WebSocket for SIP, written and judged. */

#include "net/ws_handshake.h"

#include <openssl/evp.h>

/* What of a head counts. */
struct head {
	struct slice first;             /* the line ahead of the fields */
	struct slice key, accept, version;
	bool upgrade, connection;       /* say "websocket" and "upgrade" */
	bool protocol;                  /* names "sip" */
	bool extensions;
};

/* --- the key --- */

void ws_key_invent(struct env *env, char key[WS_KEY_SIZE])
{
	unsigned char random[16];

	env_random(env, random, sizeof(random));
	(void)EVP_EncodeBlock((unsigned char *)key, random, sizeof(random));
}

bool ws_accept_value(struct slice key, char accept[WS_ACCEPT_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct buf text = { 0 };
	bool done;

	buf_slice(&text, key);
	buf_str(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	done = buf_error(&text) == OK
	       && EVP_Digest(text.p, text.len, hash, NULL, EVP_sha1(), NULL)
	          == 1;
	buf_deinit(&text);
	if (done)
		(void)EVP_EncodeBlock((unsigned char *)accept, hash, 20);
	return done;
}

/* --- reading --- */

/* An element of a comma-separated value, any case. */
static bool has_element(struct slice value, struct slice wanted)
{
	struct slice element;

	while (slice_take_element(&value, &element))
		if (slice_eq_nocase(slice_trim(element), wanted))
			return true;
	return false;
}

static void read_field(struct head *h, struct slice name, struct slice value)
{
	if (slice_eq_nocase(name, SLICE("Upgrade")))
		h->upgrade |= has_element(value, SLICE("websocket"));
	else if (slice_eq_nocase(name, SLICE("Connection")))
		h->connection |= has_element(value, SLICE("upgrade"));
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Key")))
		h->key = value;
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Accept")))
		h->accept = value;
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Version")))
		h->version = value;
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Protocol")))
		h->protocol |= has_element(value, SLICE("sip"));
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Extensions")))
		h->extensions = true;
}

static struct head read_head(struct slice rest)
{
	struct head h = { 0 };
	struct slice line, name;

	(void)slice_take_line(&rest, &h.first);
	while (slice_take_line(&rest, &line))
		if (slice_take_until(&line, ':', &name))
			read_field(&h, name, slice_trim(slice_skip(line, 1)));
	return h;
}

/* --- a client's part --- */

void ws_request_print(struct buf *out, struct slice host, struct slice path,
                      const char *key)
{
	buf_str(out, "GET ");
	buf_slice(out, path);
	buf_str(out, " HTTP/1.1\r\nHost: ");
	buf_slice(out, host);
	buf_str(out, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Key: ");
	buf_str(out, key);
	buf_str(out, "\r\nSec-WebSocket-Version: 13\r\n"
	        "Sec-WebSocket-Protocol: sip\r\n\r\n");
}

static bool is_switching(struct slice first, struct buf *why)
{
	if (!slice_starts_with(first, SLICE("HTTP/1."))) {
		buf_str(why, "the peer does not speak WebSocket");
		return false;
	}
	first = slice_skip(first, slice_find(first, ' '));
	slice_skip_lws(&first);
	if (slice_starts_with(first, SLICE("101"))
	    && (first.len == 3 || !char_is(first.p[3], CHAR_DIGIT)))
		return true;
	buf_str(why, "the server refused WebSocket: ");
	buf_escaped(why, first);
	return false;
}

bool ws_response_check(struct slice head, const char *key, struct buf *why)
{
	struct head h = read_head(head);
	char accept[WS_ACCEPT_SIZE];

	if (!is_switching(h.first, why))
		return false;
	if (!h.upgrade || !h.connection)
		buf_str(why, "the server did not upgrade to WebSocket");
	else if (!ws_accept_value(slice_str(key), accept))
		buf_str(why, error_text(ERR_NOMEM));
	else if (!slice_eq(h.accept, slice_str(accept)))
		buf_str(why, "the server's Sec-WebSocket-Accept does not "
		        "belong to our key");
	else if (h.extensions)
		buf_str(why, "the server uses a WebSocket extension that "
		        "nobody offered");
	else if (!h.protocol)
		buf_str(why, "the server has no WebSocket subprotocol \"sip\""
		        );
	else
		return true;
	return false;
}

/* --- a server's part --- */

static bool is_key(struct slice key)
{
	unsigned char octets[18];

	return key.len == WS_KEY_SIZE - 1
	       && slice_eq(slice_skip(key, 22), SLICE("=="))
	       && EVP_DecodeBlock(octets, (const unsigned char *)key.p,
	                          WS_KEY_SIZE - 1) == sizeof(octets);
}

static bool refuse(struct buf *out, const char *status, const char *field,
                   struct buf *why, const char *reason)
{
	buf_str(out, "HTTP/1.1 ");
	buf_str(out, status);
	buf_str(out, "\r\nConnection: close\r\nContent-Length: 0\r\n");
	buf_str(out, field);
	buf_str(out, "\r\n");
	buf_str(why, reason);
	return false;
}

bool ws_request_answer(struct slice head, struct buf *out, struct buf *why)
{
	static const char version[] = "Upgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\n";
	struct head h = read_head(head);
	char accept[WS_ACCEPT_SIZE];

	if (!slice_starts_with(h.first, SLICE("GET "))
	    || slice_find_slice(h.first, SLICE(" HTTP/1.1")) + 9
	       != h.first.len)
		return refuse(out, "400 Bad Request", "", why,
		              "the peer does not speak WebSocket");
	if (!h.upgrade || !h.connection)
		return refuse(out, "426 Upgrade Required", version, why,
		              "the peer did not ask for WebSocket");
	if (!slice_eq(h.version, SLICE("13")))
		return refuse(out, "426 Upgrade Required", version, why,
		              "the peer's version of WebSocket is not 13");
	if (!is_key(h.key))
		return refuse(out, "400 Bad Request", "", why,
		              "the peer has no usable Sec-WebSocket-Key");
	if (!h.protocol)
		return refuse(out, "400 Bad Request", "", why, "the peer has "
		              "no WebSocket subprotocol \"sip\"");
	if (!ws_accept_value(h.key, accept))
		return refuse(out, "503 Service Unavailable", "", why,
		              error_text(ERR_NOMEM));
	buf_str(out, "HTTP/1.1 101 Switching Protocols\r\n"
	        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Accept: ");
	buf_str(out, accept);
	buf_str(out, "\r\nSec-WebSocket-Protocol: sip\r\n\r\n");
	return true;
}
