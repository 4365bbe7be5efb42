/* The command line of the program itself. */

#include "cli/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "cli/command.h"
#include "core/base/list.h"

const struct option_row option_table[] = {
	{ 'a', "account", "URI", "who we are: sip:alice@example.com" },
	{ 'u', "user", "NAME", "authentication user, where it is another" },
	{ 0, "password-file", "FILE", "the password, or HA1:hex" },
	{ 0, "password-fd", "N", "the same, from a descriptor" },
	{ 0, "credentials", "REALM=USER:FILE",
	  "credentials of another realm (repeatable)" },
	{ 'r', "registrar", "URI", "default: the account's domain" },
	{ 'P', "proxy", "URI", "outbound proxy" },
	{ 'l', "listen", "[TRANSPORT:]ADDR[:PORT]",
	  "where to listen (repeatable)" },
	{ 't', "transport", "LIST", "best first, of udp,tcp,tls,ws,wss" },
	{ 0, "ca", "FILE", "TLS: whom to trust, in place of the system's" },
	{ 0, "cert", "FILE", "TLS: our certificate" },
	{ 0, "key", "FILE", "TLS: its key, where that is not in --cert" },
	{ 'k', "insecure", NULL, "TLS: take any server, with a warning" },
	{ '4', "ipv4", NULL, "IPv4 only" },
	{ '6', "ipv6", NULL, "IPv6 only" },
	{ 0, "timeout", "DURATION", "a bound on each command" },
	{ 'j', "json", NULL, "one JSON object a line" },
	{ 'q', "quiet", NULL, "failures only" },
	{ 'v', "verbose", NULL, "more detail" },
	{ 0, "trace", "[FILE]", "every message, to stderr or FILE" },
	{ 0, "jobs", "N", "commands in flight at once, from a pipe or file" },
	{ 0, "keep", NULL, "leave registrations in place at the end" },
	{ 0, "dns", "ADDR[:PORT]", "ask this DNS server" },
	{ 0, "show-secrets", NULL, "do not redact secrets in traces and JSON" },
	{ 'c', "command", "'CMD; CMD'", "run commands, then exit (repeatable)" },
	{ 'f', "file", "SCRIPT", "run a script (- is stdin), with arguments" },
	{ 0, "color", "WHEN", "auto, always or never" },
	{ 0, "no-rc", NULL, "do not read the configuration" },
	{ 'h', "help", NULL, "this help" },
	{ 'V', "version", NULL, "the version" },
	{ 0, NULL, NULL, NULL },
};

enum { ROWS = ARRAY_LEN(option_table) - 1, JOBS_MAX = 1000 };

/* Long options without a letter are told by their row. */
enum { ROW_BASE = 256 };

static void make_getopt_tables(struct option *longs, struct buf *shorts)
{
	buf_str(shorts, "+:");
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &option_table[i];
		int has = row->value == NULL ? no_argument
		          : row->value[0] == '[' && row->letter == 0
		          ? optional_argument : required_argument;

		longs[i] = (struct option){
			.name = row->name,
			.has_arg = has,
			.val = ROW_BASE + (int)i,
		};
		if (row->letter == 0)
			continue;
		buf_char(shorts, row->letter);
		if (row->value != NULL)
			buf_char(shorts, ':');
	}
	longs[ROWS] = (struct option){ 0 };
}

static const char *row_of(int code)
{
	if (code >= ROW_BASE)
		return option_table[code - ROW_BASE].name;
	for (size_t i = 0; i < ROWS; i++)
		if (option_table[i].letter == (char)code)
			return option_table[i].name;
	return "";
}

static bool add(const char **list, unsigned *n, const char *name,
                const char *value, struct buf *why)
{
	if (*n == OPTIONS_LIST_MAX) {
		buf_printf(why, "--%s: at most %d of them", name,
		           OPTIONS_LIST_MAX);
		return false;
	}
	list[(*n)++] = value;
	return true;
}

static bool take_number(const char *name, const char *value, uint32_t min,
                        uint32_t max, uint32_t *out, struct buf *why)
{
	if (slice_to_u32(slice_str(value), max, out) && *out >= min)
		return true;
	buf_printf(why, "--%s: expected a number from %u to %u, got '", name,
	           min, max);
	buf_escaped(why, slice_str(value));
	buf_char(why, '\'');
	return false;
}

static bool take_color(struct options *o, const char *value, struct buf *why)
{
	static const char *const words[] = { "auto", "always", "never" };
	static const enum console_color colors[] = {
		COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER,
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(value, words[i]) == 0) {
			o->color = colors[i];
			return true;
		}
	}
	buf_str(why, "--color: expected auto, always or never, got '");
	buf_escaped(why, slice_str(value));
	buf_char(why, '\'');
	return false;
}

static bool take_timeout(struct options *o, const char *value,
                         struct buf *why)
{
	if (duration_parse(slice_str(value), &o->timeout_ms)
	    && o->timeout_ms != 0)
		return true;
	buf_str(why, "--timeout: expected a duration like 500ms or 5s, got '");
	buf_escaped(why, slice_str(value));
	buf_char(why, '\'');
	return false;
}

/* Texts that are only remembered. */
static const char **text_option(struct options *o, const char *name)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{ "account", &o->account },
		{ "user", &o->user },
		{ "password-file", &o->password_file },
		{ "registrar", &o->registrar },
		{ "proxy", &o->proxy },
		{ "transport", &o->transports },
		{ "dns", &o->dns },
		{ "ca", &o->ca },
		{ "cert", &o->cert },
		{ "key", &o->key },
		{ "file", &o->script },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0)
			return texts[i].to;
	return NULL;
}

static bool *flag_option(struct options *o, const char *name)
{
	const struct {
		const char *name;
		bool *to;
	} flags[] = {
		{ "ipv4", &o->ipv4_only },
		{ "ipv6", &o->ipv6_only },
		{ "insecure", &o->insecure },
		{ "json", &o->json },
		{ "quiet", &o->quiet },
		{ "verbose", &o->verbose },
		{ "keep", &o->keep },
		{ "no-rc", &o->no_rc },
		{ "show-secrets", &o->show_secrets },
		{ "help", &o->help },
		{ "version", &o->version },
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (strcmp(name, flags[i].name) == 0)
			return flags[i].to;
	return NULL;
}

static bool take_option(struct options *o, const char *name,
                        const char *value, struct buf *why)
{
	const char **text = text_option(o, name);
	bool *flag = flag_option(o, name);
	uint32_t n;

	if (flag != NULL) {
		*flag = true;
		return true;
	}
	if (text != NULL) {
		*text = value;
		return true;
	}
	if (strcmp(name, "trace") == 0) {
		o->trace = value == NULL ? "" : value;
		return true;
	}
	if (strcmp(name, "credentials") == 0)
		return add(o->credentials, &o->ncredentials, name, value, why);
	if (strcmp(name, "listen") == 0)
		return add(o->listen, &o->nlisten, name, value, why);
	if (strcmp(name, "command") == 0)
		return add(o->commands, &o->ncommands, name, value, why);
	if (strcmp(name, "color") == 0)
		return take_color(o, value, why);
	if (strcmp(name, "timeout") == 0)
		return take_timeout(o, value, why);
	if (strcmp(name, "jobs") == 0) {
		if (!take_number(name, value, 1, JOBS_MAX, &n, why))
			return false;
		o->jobs = n;
		return true;
	}
	if (!take_number(name, value, 0, 1023, &n, why))
		return false;
	o->password_fd = (int)n;
	return true;
}

/* The environment holds the password no longer than this takes. */
static bool take_environment(struct options *o, struct buf *why)
{
	char *password = getenv("SIPSH_PASSWORD");

	if (password == NULL)
		return true;
	o->password = strdup(password);
	explicit_bzero(password, strlen(password));
	unsetenv("SIPSH_PASSWORD");
	if (o->password == NULL)
		buf_str(why, error_text(ERR_NOMEM));
	return o->password != NULL;
}

static bool check_together(const struct options *o, struct buf *why)
{
	if (o->ipv4_only && o->ipv6_only)
		buf_str(why, "-4 and -6 exclude each other");
	else if (o->quiet && o->verbose)
		buf_str(why, "-q and -v exclude each other");
	else if (o->script != NULL && o->ncommands != 0)
		buf_str(why, "-c and -f exclude each other");
	else if (o->ncommands != 0 && o->nwords != 0)
		buf_str(why, "-c and a COMMAND exclude each other");
	else if (o->key != NULL && o->cert == NULL)
		buf_str(why, "--key is of no use without --cert");
	else if (o->password_file != NULL && o->password_fd >= 0)
		buf_str(why, "--password-file and --password-fd exclude "
		        "each other");
	return why->len == 0;
}

static void tell_getopt(struct buf *why, int code, char **argv)
{
	if (code == ':')
		buf_printf(why, "option %s needs a value", argv[optind - 1]);
	else if (optopt != 0 && optopt < ROW_BASE)
		buf_printf(why, "unknown option '-%c'", optopt);
	else if (optopt >= ROW_BASE)
		buf_printf(why, "option --%s takes no value",
		           row_of(optopt));
	else {
		buf_str(why, "unknown option '");
		buf_escaped(why, slice_str(argv[optind - 1]));
		buf_char(why, '\'');
	}
}

bool options_parse(struct options *o, int argc, char **argv, struct buf *why)
{
	struct option longs[ROWS + 1];
	struct buf shorts = { 0 };
	bool good = true;
	int code;

	*o = (struct options){ .password_fd = -1, .jobs = 1 };
	if (!take_environment(o, why))
		return false;
	make_getopt_tables(longs, &shorts);
	opterr = 0;
	optind = 0;
	while (good && (code = getopt_long(argc, argv, buf_cstr(&shorts),
	                                   longs, NULL)) != -1) {
		if (code == '?' || code == ':') {
			tell_getopt(why, code, argv);
			good = false;
		} else {
			good = take_option(o, row_of(code), optarg, why);
		}
	}
	buf_deinit(&shorts);
	o->words = argv + optind;
	o->nwords = (unsigned)(argc - optind);
	return good && check_together(o, why);
}

void options_deinit(struct options *o)
{
	if (o->password != NULL) {
		explicit_bzero(o->password, strlen(o->password));
		free(o->password);
	}
	o->password = NULL;
}

void options_help(struct buf *out)
{
	buf_str(out,
	        "usage: sipsh [OPTIONS]                       a prompt, or "
	        "commands from stdin\n"
	        "       sipsh [OPTIONS] COMMAND [ARGS...]     one command\n"
	        "       sipsh [OPTIONS] -c 'CMD; CMD'         several\n"
	        "       sipsh [OPTIONS] -f SCRIPT [ARGS...]   a file\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &option_table[i];
		struct buf left = { 0 };

		if (row->letter != 0)
			buf_printf(&left, "-%c, ", row->letter);
		else
			buf_str(&left, "    ");
		buf_printf(&left, "--%s", row->name);
		if (row->value != NULL)
			buf_printf(&left, "%s%s",
			           row->value[0] == '[' && row->letter == 0
			           ? "=" : " ", row->value);
		if (left.len > 34)
			buf_printf(out, "  %s\n%38s", buf_cstr(&left), "");
		else
			buf_printf(out, "  %-36s", buf_cstr(&left));
		buf_printf(out, "%s\n", row->help);
		buf_deinit(&left);
	}
	buf_str(out, "\nsipsh help lists the commands, sipsh help COMMAND "
	        "explains one.\n"
	        "Exit status: 0 done, 1 refused, 2 usage, 3 no answer, "
	        "4 network, 5 name,\n6 TLS, 7 authentication, 8 expect, "
	        "9 protocol, 70 internal.\n");
}
