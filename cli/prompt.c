/* The prompt, with its live state. */

#include "cli/app.h"

enum { TICK_MS = 1000 };

/* The seconds in it go on. */
static void prompt_ticked(void *arg)
{
	app_update_prompt(arg);
}

void app_update_prompt(struct app *app)
{
	const struct account *a = app->accounts.current;
	struct buf prompt = { 0 };
	bool ticks = false;

	if (!app->interactive || app->ending)
		return;
	if (a != NULL) {
		buf_escaped(&prompt, slice_str(a->name));
		buf_char(&prompt, ' ');
		if (a->registration != NULL
		    && registration_is_active(a->registration)) {
			buf_printf(&prompt, "[reg %us]",
			           registration_left_s(a->registration));
			ticks = true;
		}
	}
	for (const struct call *c = calls_next_live(&app->calls, NULL);
	     c != NULL && prompt.len < 60;
	     c = calls_next_live(&app->calls, c)) {
		buf_printf(&prompt, "[%%%u ", c->number);
		call_print_state(c, &prompt);
		buf_char(&prompt, ']');
		ticks = true;
	}
	if (prompt.len != 0 && prompt.p[prompt.len - 1] == ' ')
		prompt.len--;
	buf_str(&prompt, prompt.len == 0 ? "sipsh> " : "> ");
	if (buf_error(&prompt) == OK)
		console_set_prompt(app->console, buf_cstr(&prompt));
	buf_deinit(&prompt);
	if (!ticks)
		timer_cancel(&app->prompt_tick);
	else if (!timer_armed(&app->prompt_tick))
		timer_arm(&app->prompt_tick, &app->env.timers,
		          TICK_MS, prompt_ticked, app);
}
