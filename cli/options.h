#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* argv and the environment, read into a struct; nothing is done yet. */

#include <stdbool.h>
#include <stdint.h>

#include "cli/console.h"
#include "core/base/buf.h"
#include "core/base/error.h"

enum { OPTIONS_LIST_MAX = 32 };

/* Repeatable options keep their order. All texts borrow from argv. */
struct options {
	const char *account, *user, *registrar, *proxy, *transports;
	const char *password_file;
	int password_fd;                /* -1: none */
	char *password;                 /* of SIPSH_PASSWORD, which is wiped from
	                                 * the environment; owned, wiped by
	                                 * options_deinit() */
	const char *credentials[OPTIONS_LIST_MAX];
	unsigned ncredentials;
	const char *listen[OPTIONS_LIST_MAX];
	unsigned nlisten;
	const char *commands[OPTIONS_LIST_MAX];         /* -c */
	unsigned ncommands;
	const char *script;             /* -f; "-" is stdin */
	char **words;                   /* COMMAND ARGS, or $1.. of a script */
	unsigned nwords;
	bool ipv4_only, ipv6_only;
	uint64_t timeout_ms;            /* 0: none */
	bool json, quiet, verbose;
	const char *trace;              /* NULL: off; "": stderr; else a file */
	unsigned jobs;
	bool keep, no_rc, show_secrets;
	const char *dns;
	const char *ca, *cert, *key;    /* of TLS */
	bool insecure;
	enum console_color color;
	bool help, version;
};

/* False with a reason in why: status 2. A password in argv does not exist as
 * an option. */
bool options_parse(struct options *o, int argc, char **argv,
                   struct buf *why);
void options_deinit(struct options *o);
/* What --help prints. */
void options_help(struct buf *out);

/* The table of options, for completion and the manual's check; NULL ends. */
struct option_row {
	char letter;            /* 0: none */
	const char *name;       /* "account" */
	const char *value;      /* "URI"; NULL: takes none */
	const char *help;
};
extern const struct option_row option_table[];

#endif
