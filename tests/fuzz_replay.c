/*
 * Runs a fuzz target over files and tells TAP of each:
 *
 *     fuzz_x [FILE...]
 *
 * Without arguments: over the target's own seeds and the torture messages,
 * in the directory that the environment's CORPUS names.
 */

#include <dirent.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/fuzz.h"

static unsigned count;

static bool read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char part[4096];
	bool ok;
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_append(out, part, n);
	ok = !ferror(f) && buf_error(out) == OK;
	fclose(f);
	return ok;
}

/* In memory of its own size, so that a sanitizer sees every step outside. */
static void replay_file(const char *path)
{
	struct buf text = { 0 };
	bool ok = read_file(path, &text);
	size_t len = 0;
	char *octets = NULL;

	if (ok) {
		octets = buf_steal(&text, &len);
		LLVMFuzzerTestOneInput((uint8_t *)octets, len);
	}
	printf("%sok %u - %s\n", ok ? "" : "not ", ++count, path);
	fflush(stdout);
	free(octets);
	buf_deinit(&text);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_directory(const char *corpus, const char *name)
{
	struct buf path = { 0 };
	struct dirent **entries;
	int n;

	buf_printf(&path, "%s/%s", corpus, name);
	n = scandir(buf_cstr(&path), &entries, is_visible, alphasort);
	if (n < 0) {
		printf("not ok %u - %s\n", ++count, buf_cstr(&path));
		buf_deinit(&path);
		return;
	}
	for (int i = 0; i < n; i++) {
		buf_reset(&path);
		buf_printf(&path, "%s/%s/%s", corpus, name,
		           entries[i]->d_name);
		replay_file(buf_cstr(&path));
		free(entries[i]);
	}
	free(entries);
	buf_deinit(&path);
}

/* ".../fuzz_uri" has its seeds in "fuzz/uri". */
static void replay_corpus(const char *program)
{
	const char *corpus = getenv("CORPUS");
	const char *name = strstr(program, "fuzz_");
	struct buf own = { 0 };

	for (const char *p = name; p != NULL; p = strstr(p + 1, "fuzz_"))
		name = p;
	if (corpus == NULL)
		corpus = "tests/corpus";
	buf_printf(&own, "fuzz/%s",
	           name == NULL ? program : name + strlen("fuzz_"));
	replay_directory(corpus, buf_cstr(&own));
	replay_directory(corpus, "rfc4475");
	replay_directory(corpus, "rfc5118");
	buf_deinit(&own);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_file(argv[i]);
	if (argc == 1)
		replay_corpus(argv[0]);
	printf("1..%u\n", count);
	return 0;
}
