/* sipsh: an interactive command-line SIP client. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/app.h"

/* Passwords must not end up in a core file. */
static void forbid_core_files(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
}

/* A socket must not take the place of a stdout that is closed, or what is
 * printed goes to a peer. Opened the wrong way round, its use still fails. */
static void occupy_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1
		    && open("/dev/null", fd == STDIN_FILENO
		            ? O_WRONLY : O_RDONLY) != fd)
			abort();
}

static int print(const char *text)
{
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
		return 128 + SIGPIPE;
	return EXIT_SUCCESS;
}

static int print_help(void)
{
	struct buf text = { 0 };
	int status;

	options_help(&text);
	status = print(buf_cstr(&text));
	buf_deinit(&text);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct buf why = { 0 };
	int status;

	forbid_core_files();
	occupy_standard_descriptors();
	(void)signal(SIGPIPE, SIG_IGN);
	if (!options_parse(&options, argc, argv, &why)) {
		fprintf(stderr, "sipsh: %s (--help lists the options)\n",
		        buf_cstr(&why));
		status = error_class_status(CLASS_USAGE);
	} else if (options.help) {
		status = print_help();
	} else if (options.version) {
		status = print("sipsh " PACKAGE_VERSION "\n");
	} else {
		status = app_main(&options);
	}
	options_deinit(&options);
	buf_deinit(&why);
	return status;
}
