/* TLS on loopback, both ends in one loop: whom we believe, what we say when
 * we do not, and how octets pass. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "net/tls_peer.h"
#include "tests/certificates.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct certificate authority, stranger;
static const char *ca_path;
static struct tls_setup server_tls, client_tls;
static struct leg *server, *client;
static char *text;
static struct slice options;

static void setup(void)
{
	size_t len;

	net_rig_setup(&rig);
	certificates_begin();
	certificate_make(&authority, &(struct certificate_params){
		.cn = "Test CA", .authority = true });
	certificate_make(&stranger, &(struct certificate_params){
		.cn = "Another CA", .authority = true });
	ca_path = certificate_write(&authority, "ca.pem");
	server = client = NULL;
	server_tls = client_tls = (struct tls_setup){ 0 };
	text = peer_options(TRANSPORT_TLS, 10, &len);
	options = slice_make(text, len);
}

static void teardown(void)
{
	net_rig_teardown(&rig);
	tls_profile_free(server_tls.own);
	tls_profile_free(client_tls.own);
	certificate_free(&authority);
	certificate_free(&stranger);
	certificates_end();
	free(text);
}

static struct leg *open_leg(struct tls_setup *tls,
                            const struct tls_settings *settings,
                            const char *ip, bool listens)
{
	struct addr local = net_rig_addr(ip);
	struct leg *leg = NULL;
	const char *why = "";

	tls->own = tls_profile_new(settings);
	ck_assert_ptr_nonnull(tls->own);
	ck_assert_msg(tls_leg_open(rig.loop, rig.dispatcher, tls, &local,
	                           listens, &leg, &why) == OK, "%s", why);
	dispatcher_add_leg(rig.dispatcher, leg);
	return leg;
}

/* A server with such a certificate, and a client that trusts our CA. */
static void open_both(const struct certificate_params *params,
                      const char *ip)
{
	struct certificate_params p = *params;
	struct certificate c;
	const char *path;

	if (p.issuer == NULL)
		p.issuer = &authority;
	certificate_make(&c, &p);
	path = certificate_write(&c, "server.pem");
	certificate_free(&c);
	server = open_leg(&server_tls, &(struct tls_settings){
		.cert = path }, ip, true);
	client = open_leg(&client_tls, &(struct tls_settings){
		.ca = ca_path }, ip[0] == '[' ? "[::]" : "0.0.0.0", false);
}

/* The one that most tests need. */
static void open_good(void)
{
	open_both(&(struct certificate_params){
		.names = "DNS:example.com,DNS:example.net,IP:127.0.0.1,"
		         "IP:::1" }, "127.0.0.1");
}

static enum error send_to(const char *name, struct slice wire,
                          uint64_t *conn)
{
	struct flow flow = {
		.leg = client, .remote = server->local, .conn = *conn,
	};
	enum error err = dispatcher_send(rig.dispatcher, &flow,
	                                 slice_str(name), wire);

	if (err == OK)
		*conn = flow.conn;
	return err;
}

static void send_options(const char *name)
{
	uint64_t conn = 0;

	ck_assert_int_eq(send_to(name, options, &conn), OK);
}

/* Both ends may report a handshake that failed: waits for the client's. */
static void expect_refused(const char *words)
{
	net_rig_until(&rig, rig.failures > 0 && rig.failed.leg == client);
	ck_assert_msg(strstr(rig.text, words) != NULL,
	              "wanted '%s', got '%s'", words, rig.text);
	ck_assert_int_eq(rig.failure, ERR_TLS);
	ck_assert_uint_eq(rig.received, 0);
}

/* --- whom a certificate belongs to (RFC 5922 7) --- */

static const struct {
	const char *why, *cn, *names, *wanted;
	bool is;
} identities[] = {
	{ "DNS name", "x", "DNS:example.com", "example.com", true },
	{ "any case", "x", "DNS:Example.COM", "eXample.com", true },
	{ "a last dot", "x", "DNS:example.com", "example.com.", true },
	{ "the second", "x", "DNS:a.org,DNS:b.org", "b.org", true },
	{ "URI", "x", "URI:sip:example.com", "example.com", true },
	{ "URI beside DNS", "x", "DNS:a.org,URI:sip:b.org", "b.org", true },
	{ "URI of a user", "x", "URI:sip:bob@example.com", "example.com",
	  false },
	{ "URI of scheme sips", "x", "URI:sips:example.com", "example.com",
	  false },
	{ "URI of another scheme", "x", "URI:https://example.com",
	  "example.com", false },
	{ "wildcard", "x", "DNS:*.example.com", "a.example.com", false },
	{ "wildcard as text", "x", "DNS:*.example.com", "*.example.com",
	  true },
	{ "its parent", "x", "DNS:example.com", "sip.example.com", false },
	{ "its child", "x", "DNS:sip.example.com", "example.com", false },
	{ "CN alone", "example.com", NULL, "example.com", true },
	{ "CN of another", "example.org", NULL, "example.com", false },
	{ "CN beside a subjectAltName", "example.com", "DNS:a.org",
	  "example.com", false },
	{ "CN beside one of another kind", "example.com", "email:a@b.org",
	  "example.com", false },
	{ "wildcard in CN", "*.example.com", NULL, "a.example.com", false },
	{ "IPv4", "x", "IP:192.0.2.1", "192.0.2.1", true },
	{ "another IPv4", "x", "IP:192.0.2.1", "192.0.2.2", false },
	{ "IPv6", "x", "IP:2001:db8::1", "[2001:db8:0::1]", true },
	{ "IP as a DNS name", "x", "DNS:192.0.2.1", "192.0.2.1", false },
	{ "IP as CN", "192.0.2.1", NULL, "192.0.2.1", false },
	{ "no name at all", NULL, NULL, "example.com", false },
	{ "nothing wanted", NULL, NULL, "", false },
};

START_TEST(a_certificate_is_for_whom_rfc_5922_says)
{
	struct certificate c;
	struct buf why = { 0 };

	certificate_make(&c, &(struct certificate_params){
		.cn = identities[_i].cn, .names = identities[_i].names });
	ck_assert_msg(tls_peer_is(c.x509, slice_str(identities[_i].wanted),
	                          &why) == identities[_i].is,
	              "%s: %s", identities[_i].why, buf_cstr(&why));
	ck_assert_int_eq(why.len == 0, identities[_i].is);
	buf_deinit(&why);
	certificate_free(&c);
}
END_TEST

static const char *const nul_names[] = {
	"example.com!.evil.org", "!example.com", "example.com!",
	"example.com,example.org!.evil.org",
};

START_TEST(a_nul_in_a_name_is_never_accepted)
{
	struct certificate c;
	struct buf why = { 0 };

	certificate_make(&c, &(struct certificate_params){
		.nul_names = nul_names[_i] });
	ck_assert(!tls_peer_is(c.x509, SLICE("example.com"), &why));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "a NUL in a name"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "\\x00"));
	buf_deinit(&why);
	certificate_free(&c);
}
END_TEST

START_TEST(a_wrong_name_says_which_there_are_and_which_was_wanted)
{
	struct certificate c;
	struct buf why = { 0 };

	certificate_make(&c, &(struct certificate_params){
		.names = "DNS:a.org,URI:sip:b.org,IP:192.0.2.1" });
	ck_assert(!tls_peer_is(c.x509, SLICE("c.org"), &why));
	ck_assert_str_eq(buf_cstr(&why), "wrong name: the certificate is for "
	                 "DNS:a.org, URI:sip:b.org, IP:192.0.2.1; wanted "
	                 "c.org");
	buf_deinit(&why);
	certificate_free(&c);
}
END_TEST

/* --- the way of a message --- */

static const char *const loopbacks[] = { "127.0.0.1", "[::1]" };

START_TEST(a_request_arrives_and_its_response_goes_back)
{
	open_both(&(struct certificate_params){
		.names = "IP:127.0.0.1,IP:::1" }, loopbacks[_i]);
	rig.answer = SLICE("SIP/2.0 200 OK\r\n\r\n");
	send_options(loopbacks[_i]);
	net_rig_until(&rig, rig.received == 1);
	ck_assert(rig.from.leg == server);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
	net_rig_until(&rig, client->received == 1);
}
END_TEST

START_TEST(one_connection_serves_all_requests_to_a_domain)
{
	uint64_t first = 0, second = 0;

	open_good();
	ck_assert_int_eq(send_to("example.com", options, &first), OK);
	net_rig_until(&rig, rig.received == 1);
	ck_assert_int_eq(send_to("EXAMPLE.com", options, &second), OK);
	net_rig_until(&rig, rig.received == 2);
	ck_assert_uint_eq(first, second);
	ck_assert_uint_eq(tcp_leg_connections(client), 1);
}
END_TEST

/* CVE-2020-15260 */
START_TEST(another_domain_at_the_same_address_is_verified_by_itself)
{
	open_good();
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	send_options("example.net");
	net_rig_until(&rig, rig.received == 2);
	ck_assert_uint_eq(tcp_leg_connections(client), 2);
	send_options("example.org");
	net_rig_until(&rig, rig.failures > 0 && rig.failed.leg == client);
	ck_assert_int_eq(rig.failure, ERR_TLS);
	ck_assert_uint_eq(rig.received, 2);
}
END_TEST

/* The flow is known, and the server's request goes back over it; by address
 * alone it would not. */
START_TEST(who_came_in_has_proved_no_domain)
{
	struct flow back;

	open_good();
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	back = rig.from;
	ck_assert_int_eq(dispatcher_send(rig.dispatcher, &back, SLICE_EMPTY,
	                                 options), OK);
	net_rig_until(&rig, rig.received == 2);
	back.conn = 0;
	ck_assert_int_eq(dispatcher_send(rig.dispatcher, &back,
	                                 SLICE("127.0.0.1"), options), OK);
	net_rig_until(&rig, rig.failures > 0);
	ck_assert_uint_eq(rig.received, 2);
}
END_TEST

/* The leg's own port is where the peer's requests find it. */
START_TEST(connections_come_from_the_port_that_is_told)
{
	struct addr told;

	open_good();
	ck_assert_uint_eq(client->local.port, 0);
	ck_assert_int_eq(client->ops->source(client, &server->local, &told),
	                 OK);
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	ck_assert(addr_eq(&rig.from.remote, &told));
	/* between the same addresses there can be but one */
	send_options("example.net");
	net_rig_until(&rig, rig.received == 2);
	ck_assert(!addr_eq(&rig.from.remote, &told));
}
END_TEST

/* So that what is sent waits in the queue, too, and is written in parts. */
static void narrow(struct leg *leg)
{
	int octets = 1;                 /* the least there is */

	LIST_EACH(it, tcp_leg_list(leg)) {
		const struct conn *c = CONTAINER_OF(it, struct conn, node);

		ck_assert_int_eq(setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF,
		                            &octets, sizeof(octets)), 0);
	}
}

/* More than a record, than the socket takes, and than is read at a time. */
START_TEST(large_messages_pass_whole_in_both_directions)
{
	size_t len;
	char *large = peer_options(TRANSPORT_TLS, 60000, &len);
	struct slice wire = slice_make(large, len);
	uint64_t conn = 0;

	open_good();
	ck_assert_int_eq(send_to("example.com", options, &conn), OK);
	net_rig_until(&rig, rig.received == 1);
	narrow(client);
	narrow(server);
	rig.answer = wire;
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(send_to("example.com", wire, &conn), OK);
	net_rig_until(&rig, server->received == 11);
	rig.answer = SLICE_EMPTY;
	net_rig_until(&rig, client->received == 10);
	ck_assert(slice_eq(buf_view(&rig.wire), wire));
	ck_assert_uint_eq(rig.failures, 0);
	free(large);
}
END_TEST

/* What is decrypted already makes no socket readable. Records that take two
 * reads and one in turn: sooner or later the last read of a turn leaves half
 * of the last record. */
START_TEST(nothing_stays_behind_in_a_burst)
{
	struct buf record = { 0 };
	unsigned in_record = 0, sent = 1;
	uint64_t conn = 0;

	for (; record.len + options.len <= 16384; in_record++)
		buf_slice(&record, options);
	open_good();
	ck_assert_int_eq(send_to("example.com", options, &conn), OK);
	net_rig_until(&rig, rig.received == 1);
	for (unsigned records = 1; records < 24; records++) {
		for (unsigned i = 0; i < records; i++) {
			struct slice wire = i % 2 == 0 ? buf_view(&record)
			                               : options;

			ck_assert_int_eq(send_to("example.com", wire, &conn),
			                 OK);
			sent += i % 2 == 0 ? in_record : 1;
		}
		net_rig_until(&rig, rig.received == sent);
	}
	buf_deinit(&record);
}
END_TEST

START_TEST(the_end_is_told_as_one)
{
	open_good();
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	list_remove(&server->node);
	server->ops->close(server);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_RESET);
	ck_assert_ptr_nonnull(strstr(rig.text, "closed by the peer"));
}
END_TEST

START_TEST(a_connection_shows_its_domain_and_its_security)
{
	struct buf b = { 0 };
	const struct conn *c;

	open_good();
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	c = CONTAINER_OF(tcp_leg_list(client)->next, const struct conn, node);
	ck_assert_slice_eq(tls_conn_name(c), "example.com");
	tls_conn_print(&b, c);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&b), "TLSv1.3 TLS_"));
	buf_deinit(&b);
}
END_TEST

/* --- who is refused --- */

static const struct {
	const char *why;
	struct certificate_params params;
	const char *words;
} refused[] = {
	{ "expired", { .names = "DNS:example.com", .from_day = -9,
	               .until_day = -2 }, "has expired on 20" },
	{ "not yet valid", { .names = "DNS:example.com", .from_day = 2,
	                     .until_day = 9 }, "not yet valid, but from 20" },
	{ "wrong name", { .names = "DNS:example.org" },
	  "wrong name: the certificate is for DNS:example.org; wanted "
	  "example.com" },
	{ "wildcard", { .names = "DNS:*.com" }, "wrong name" },
	{ "NUL", { .nul_names = "example.com!.evil.org" }, "a NUL in a name" },
	{ "unknown issuer", { .names = "DNS:example.com",
	                      .issuer = &stranger },
	  "the issuer is unknown: CN=Another CA" },
};

START_TEST(a_server_that_proves_no_identity_is_refused)
{
	open_both(&refused[_i].params, "127.0.0.1");
	send_options("example.com");
	expect_refused(refused[_i].words);
	ck_assert_uint_eq(tcp_leg_connections(client), 0);
}
END_TEST

START_TEST(a_self_signed_certificate_is_refused)
{
	struct certificate own;

	certificate_make(&own, &(struct certificate_params){
		.cn = "me", .names = "DNS:example.com" });
	server = open_leg(&server_tls, &(struct tls_settings){
		.cert = certificate_write(&own, "own.pem") }, "127.0.0.1",
		true);
	client = open_leg(&client_tls, &(struct tls_settings){
		.ca = ca_path }, "0.0.0.0", false);
	certificate_free(&own);
	send_options("example.com");
	expect_refused("the certificate is self-signed: CN=me");
}
END_TEST

START_TEST(a_self_signed_certificate_may_be_the_ca_itself)
{
	struct certificate own;
	const char *path;

	certificate_make(&own, &(struct certificate_params){
		.cn = "me", .names = "DNS:example.com" });
	path = certificate_write(&own, "own.pem");
	certificate_free(&own);
	server = open_leg(&server_tls, &(struct tls_settings){
		.cert = path }, "127.0.0.1", true);
	client = open_leg(&client_tls, &(struct tls_settings){ .ca = path },
	                  "0.0.0.0", false);
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
}
END_TEST

static char logged[1024];

static void on_log(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	snprintf(logged, sizeof(logged), "%s", line);
}

START_TEST(insecure_takes_anybody_and_says_so)
{
	open_both(&(struct certificate_params){
		.names = "DNS:example.org", .issuer = &stranger },
		"127.0.0.1");
	tls_profile_free(client_tls.own);
	client_tls.own = tls_profile_new(&(struct tls_settings){
		.insecure = true });
	log_set_sink(LOG_WARNING, on_log, NULL);
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	log_set_sink(LOG_ERROR, NULL, NULL);
	ck_assert_msg(strstr(logged, "anybody could be there (--insecure): "
	                     "the issuer is unknown: CN=Another CA") != NULL,
	              "%s", logged);
}
END_TEST

static struct tls_profile *other_profile(struct slice name, void *arg)
{
	return slice_eq(name, SLICE("example.net")) ? arg : NULL;
}

START_TEST(each_domain_may_have_a_profile_of_its_own)
{
	struct tls_profile *none;

	open_good();
	none = tls_profile_new(&(struct tls_settings){ .ca = "/dev/null" });
	client_tls.find = other_profile;
	client_tls.arg = none;
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	send_options("example.net");
	net_rig_until(&rig, rig.failures > 0);
	ck_assert_ptr_nonnull(strstr(rig.text, "the CA file '/dev/null' "
	                             "cannot be used"));
	ck_assert_uint_eq(rig.received, 1);
	tls_profile_free(none);
}
END_TEST

static struct tls_profile *any_profile(struct slice name, void *arg)
{
	(void)name;
	return arg;
}

/* What one account has verified is not so for another. */
START_TEST(another_profile_does_not_use_the_connection)
{
	struct tls_profile *other;

	open_good();
	other = tls_profile_new(&(struct tls_settings){
		.ca = certificate_write(&stranger, "stranger.pem") });
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	client_tls.find = any_profile;
	client_tls.arg = other;
	send_options("example.com");
	net_rig_until(&rig, rig.failures > 0 && rig.failed.leg == client);
	ck_assert_ptr_nonnull(strstr(rig.text, "the issuer is unknown"));
	ck_assert_uint_eq(rig.received, 1);
	tls_profile_free(other);
}
END_TEST

/* --- clients and their certificates --- */

static const struct {
	const char *why;
	bool has_one, stranger;
	bool good;
} clients[] = {
	{ "none is asked for in vain", false, false, true },
	{ "one of our CA", true, false, true },
	{ "one of another CA", true, true, false },
};

START_TEST(a_server_with_a_ca_verifies_the_clients_that_show_a_certificate)
{
	struct certificate c;
	const char *server_path, *client_path;

	certificate_make(&c, &(struct certificate_params){
		.names = "DNS:example.com", .issuer = &authority });
	server_path = certificate_write(&c, "server.pem");
	certificate_free(&c);
	certificate_make(&c, &(struct certificate_params){
		.cn = "client",
		.issuer = clients[_i].stranger ? &stranger : &authority });
	client_path = certificate_write(&c, "client.pem");
	certificate_free(&c);
	server = open_leg(&server_tls, &(struct tls_settings){
		.cert = server_path, .ca = ca_path }, "127.0.0.1", true);
	client = open_leg(&client_tls, &(struct tls_settings){
		.ca = ca_path,
		.cert = clients[_i].has_one ? client_path : NULL },
		"0.0.0.0", false);
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1 || rig.failures > 0);
	ck_assert_msg((rig.received == 1) == clients[_i].good, "%s: %s",
	              clients[_i].why, rig.text);
}
END_TEST

/* --- files --- */

static const struct {
	const char *ca, *cert, *key;
	bool serving;
	const char *words;
} files[] = {
	{ "/nowhere/ca.pem", NULL, NULL, false,
	  "the CA file '/nowhere/ca.pem' cannot be used: No such file" },
	{ NULL, "/nowhere/c.pem", NULL, false,
	  "the certificate file '/nowhere/c.pem' cannot be used: No such" },
	{ NULL, NULL, "/nowhere/k.pem", false, "a key without its cert" },
	{ NULL, NULL, NULL, true, "a TLS listener needs a certificate" },
	{ NULL, "ours", "/nowhere/k.pem", false,
	  "the key file '/nowhere/k.pem' cannot be used: No such file" },
	{ NULL, "ours", "theirs", false, "cannot be used: key values" },
};

START_TEST(a_file_that_is_of_no_use_is_named_with_the_reason)
{
	struct tls_settings settings = {
		.ca = files[_i].ca,
		.cert = files[_i].cert,
		.key = files[_i].key,
	};
	struct tls_profile *p;
	struct buf why = { 0 };

	if (files[_i].cert != NULL && files[_i].cert[0] == 'o')
		settings.cert = ca_path;
	if (files[_i].key != NULL && files[_i].key[0] == 't')
		settings.key = certificate_write(&stranger, "theirs.pem");
	p = tls_profile_new(&settings);
	ck_assert(!tls_profile_check(p, files[_i].serving, &why));
	ck_assert_msg(strstr(buf_cstr(&why), files[_i].words) != NULL,
	              "wanted '%s', got '%s'", files[_i].words,
	              buf_cstr(&why));
	tls_profile_free(p);
	buf_deinit(&why);
}
END_TEST

/* --- peers that do not speak it --- */

static const struct {
	const char *says;               /* "": closes at once */
	const char *words;
} strangers[] = {
	{ "", "closed by the peer during the TLS handshake" },
	{ "SIP/2.0 400 Bad Request\r\n\r\n", "the peer does not speak TLS" },
	{ "HTTP/1.1 400 Bad Request\r\n\r\n", "the peer does not speak TLS" },
};

static int meet_stranger(void)
{
	struct flow flow = { .conn = 0 };
	int listener, peer;

	client = open_leg(&client_tls, &(struct tls_settings){
		.ca = ca_path }, "0.0.0.0", false);
	flow.leg = client;
	tcp_leg_limits(client)->each.connect_ms = 100;
	listener = peer_listen("127.0.0.1", &flow.remote);
	ck_assert_int_eq(dispatcher_send(rig.dispatcher, &flow,
	                                 SLICE("example.com"), options), OK);
	peer = peer_accept(&rig, listener);
	close(listener);
	return peer;
}

START_TEST(a_peer_that_speaks_no_tls_is_told_as_such)
{
	int peer = meet_stranger();
	char hello[5];

	net_rig_until(&rig, recv(peer, hello, sizeof(hello), MSG_PEEK) == 5);
	if (strangers[_i].says[0] != '\0')
		peer_write(peer, slice_str(strangers[_i].says));
	shutdown(peer, SHUT_WR);
	expect_refused(strangers[_i].words);
	close(peer);
}
END_TEST

START_TEST(a_silent_server_is_given_up)
{
	int peer = meet_stranger();

	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(rig.text, "no end of the handshake in "
	                             "time"));
	close(peer);
}
END_TEST

START_TEST(a_silent_client_is_given_up)
{
	int peer;

	open_good();
	tcp_leg_limits(server)->each.connect_ms = 50;
	peer = peer_connect(&server->local, NULL);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_TIMEOUT);
	ck_assert_uint_eq(tcp_leg_connections(server), 0);
	close(peer);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_ordinary_error)
{
	bool failed = true;
	uint64_t conn;
	enum error err = ERR_NOMEM;

	open_good();
	send_options("example.com");
	net_rig_until(&rig, rig.received == 1);
	for (size_t n = 0; failed; n++) {
		conn = 0;
		test_alloc_fail(n);
		err = send_to("example.net", options, &conn);
		failed = test_alloc_restore();
		ck_assert(err == OK || err == ERR_NOMEM);
	}
	ck_assert_int_eq(err, OK);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("tls", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_certificate_is_for_whom_rfc_5922_says, 0,
	                    ARRAY_LEN(identities));
	tcase_add_loop_test(tests, a_nul_in_a_name_is_never_accepted, 0,
	                    ARRAY_LEN(nul_names));
	tcase_add_test(tests,
	               a_wrong_name_says_which_there_are_and_which_was_wanted);
	tcase_add_loop_test(tests, a_request_arrives_and_its_response_goes_back,
	                    0, ARRAY_LEN(loopbacks));
	tcase_add_test(tests, one_connection_serves_all_requests_to_a_domain);
	tcase_add_test(tests,
	               another_domain_at_the_same_address_is_verified_by_itself);
	tcase_add_test(tests, who_came_in_has_proved_no_domain);
	tcase_add_test(tests, connections_come_from_the_port_that_is_told);
	tcase_add_test(tests, large_messages_pass_whole_in_both_directions);
	tcase_add_test(tests, nothing_stays_behind_in_a_burst);
	tcase_add_test(tests, the_end_is_told_as_one);
	tcase_add_test(tests, a_connection_shows_its_domain_and_its_security);
	tcase_add_loop_test(tests, a_server_that_proves_no_identity_is_refused,
	                    0, ARRAY_LEN(refused));
	tcase_add_test(tests, a_self_signed_certificate_is_refused);
	tcase_add_test(tests, a_self_signed_certificate_may_be_the_ca_itself);
	tcase_add_test(tests, insecure_takes_anybody_and_says_so);
	tcase_add_test(tests, each_domain_may_have_a_profile_of_its_own);
	tcase_add_test(tests, another_profile_does_not_use_the_connection);
	tcase_add_loop_test(tests,
	    a_server_with_a_ca_verifies_the_clients_that_show_a_certificate,
	    0, ARRAY_LEN(clients));
	tcase_add_loop_test(tests,
	                    a_file_that_is_of_no_use_is_named_with_the_reason,
	                    0, ARRAY_LEN(files));
	tcase_add_loop_test(tests, a_peer_that_speaks_no_tls_is_told_as_such,
	                    0, ARRAY_LEN(strangers));
	tcase_add_test(tests, a_silent_server_is_given_up);
	tcase_add_test(tests, a_silent_client_is_given_up);
	tcase_add_test(tests, memory_that_runs_out_is_an_ordinary_error);
	return s;
}

int main(void)
{
	return test_main(suite());
}
