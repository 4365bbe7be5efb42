#ifndef CLI_COMMANDS_TABLE_H
#define CLI_COMMANDS_TABLE_H

/* Every command: one file and one row each. */

#include "cli/command.h"

extern const struct command cmd_account;
extern const struct command cmd_accounts;
extern const struct command cmd_answer;
extern const struct command cmd_bindings;
extern const struct command cmd_bye;
extern const struct command cmd_calls;
extern const struct command cmd_cancel;
extern const struct command cmd_echo;
extern const struct command cmd_exit;
extern const struct command cmd_expect;
extern const struct command cmd_hangup;
extern const struct command cmd_header;
extern const struct command cmd_help;
extern const struct command cmd_invite;
extern const struct command cmd_message;
extern const struct command cmd_options;
extern const struct command cmd_quit;
extern const struct command cmd_redirect;
extern const struct command cmd_register;
extern const struct command cmd_registrations;
extern const struct command cmd_reject;
extern const struct command cmd_reply;
extern const struct command cmd_resolve;
extern const struct command cmd_ring;
extern const struct command cmd_send;
extern const struct command cmd_serve;
extern const struct command cmd_set;
extern const struct command cmd_sleep;
extern const struct command cmd_source;
extern const struct command cmd_tls;
extern const struct command cmd_trace;
extern const struct command cmd_transactions;
extern const struct command cmd_transports;
extern const struct command cmd_unregister;
extern const struct command cmd_wait;
extern const struct command cmd_why;

#endif
