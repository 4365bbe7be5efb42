/* Rows of commands: finding one, and showing it. */

#include "cli/command.h"

/* --- finding --- */

static void tell_candidates(struct buf *why, struct slice name)
{
	const char *separator = "";

	buf_char(why, '\'');
	buf_escaped(why, name);
	buf_str(why, "' is short for ");
	for (size_t i = 0; command_table[i] != NULL; i++) {
		struct slice full = slice_str(command_table[i]->name);

		if (!slice_starts_with(full, name))
			continue;
		buf_str(why, separator);
		buf_slice(why, full);
		separator = ", ";
	}
}

const struct command *command_find(struct slice name, bool prefixes,
                                   struct buf *why)
{
	const struct command *found = NULL;
	unsigned matches = 0;

	for (size_t i = 0; command_table[i] != NULL; i++) {
		struct slice full = slice_str(command_table[i]->name);

		if (slice_eq(full, name))
			return command_table[i];
		if (prefixes && slice_starts_with(full, name)) {
			found = command_table[i];
			matches++;
		}
	}
	if (matches == 1)
		return found;
	if (matches > 1) {
		tell_candidates(why, name);
		return NULL;
	}
	buf_str(why, "unknown command '");
	buf_escaped(why, name);
	buf_str(why, "'");
	return NULL;
}

/* --- showing --- */

const char *arg_kind_word(const struct arg_spec *spec)
{
	switch (spec->kind) {
	case ARG_FLAG:          return "";
	case ARG_WORD:          return "WORD";
	case ARG_TEXT:          return "TEXT";
	case ARG_URI:           return "URI";
	case ARG_CALL:          return "%N";
	case ARG_CALL_OR_ALL:   return "%N|all";
	case ARG_TARGET:        return "URI|%N";
	case ARG_ACCOUNT:       return "ACCOUNT";
	case ARG_DURATION:      return "DURATION";
	case ARG_NUMBER:        return "N";
	case ARG_Q:             return "Q";
	case ARG_PATH:          return "FILE";
	case ARG_HEADER:        return "'NAME: VALUE'";
	case ARG_HEADER_NAME:   return "NAME";
	case ARG_METHOD:        return "METHOD";
	case ARG_CODE:          return "CODE";
	case ARG_CHOICE:        return spec->choices;
	case ARG_EVENT:         return "EVENT";
	case ARG_MATCH:         return "KEY=VALUE";
	case ARG_SETTING:       return "NAME";
	case ARG_COMMAND:       return "COMMAND";
	}
	return "";
}

static void print_spec(struct buf *out, const struct arg_spec *spec)
{
	bool required = (spec->flags & ARG_REQUIRED) != 0;

	if (!required)
		buf_char(out, '[');
	buf_str(out, spec->name);
	if (arg_is_option(spec) && spec->kind != ARG_FLAG) {
		buf_char(out, ' ');
		buf_str(out, arg_kind_word(spec));
	}
	if (!required)
		buf_char(out, ']');
	if (spec->flags & ARG_REPEATED)
		buf_str(out, "...");
}

void command_usage(struct buf *out, const struct command *cmd)
{
	buf_str(out, "usage: ");
	buf_str(out, cmd->name);
	for (size_t i = 0; cmd->args[i].name != NULL; i++) {
		buf_char(out, ' ');
		print_spec(out, &cmd->args[i]);
	}
}

void command_help(struct buf *out, const struct command *cmd)
{
	buf_printf(out, "%s: %s\n", cmd->name, cmd->summary);
	command_usage(out, cmd);
	buf_char(out, '\n');
	for (size_t i = 0; cmd->args[i].name != NULL; i++) {
		const struct arg_spec *spec = &cmd->args[i];
		struct buf left = { 0 };

		buf_str(&left, spec->name);
		if (arg_is_option(spec) && spec->kind != ARG_FLAG)
			buf_printf(&left, " %s", arg_kind_word(spec));
		buf_printf(out, "  %-24s %s\n", buf_cstr(&left), spec->help);
		buf_deinit(&left);
	}
	if (cmd->detail != NULL)
		buf_printf(out, "%s\n", cmd->detail);
}
