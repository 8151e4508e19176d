// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write to a sysfs file with one write(), or read it, and say what errno that
 * gave, by its name: a shell's echo loses it.
 *
 *   wr FILE DATA	write DATA
 *   wr FILE -		write all of standard input
 *   wr -r FILE		read up to the end
 *
 * Prints OK (exit status 0) or the errno's name (exit status 1).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int report(int err)
{
	if (!err) {
		puts("OK");
		return 0;
	}
	puts(strerrorname_np(err) ?: strerror(err));
	return 1;
}

static char *read_stdin(size_t *len)
{
	size_t size = 2 << 20;
	char *buf = malloc(size);
	ssize_t n;

	*len = 0;
	while (buf && *len < size) {
		n = read(STDIN_FILENO, buf + *len, size - *len);
		if (n <= 0)
			break;
		*len += n;
	}
	return buf;
}

static int do_read(const char *file)
{
	char buf[65536];
	int fd, err = 0;
	ssize_t n;

	fd = open(file, O_RDONLY);
	if (fd < 0)
		return errno;
	do {
		n = read(fd, buf, sizeof(buf));
	} while (n > 0);
	if (n < 0)
		err = errno;
	close(fd);
	return err;
}

static int do_write(const char *file, const char *buf, size_t len)
{
	int fd, err = 0;

	fd = open(file, O_WRONLY);
	if (fd < 0)
		return errno;
	/* sysfs takes a page of a longer write and is not given the rest */
	if (write(fd, buf, len) < 0)
		err = errno;
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	const char *data;
	size_t len;

	if (argc != 3) {
		fprintf(stderr, "usage: wr FILE DATA | wr FILE - | wr -r FILE\n");
		return 2;
	}
	if (!strcmp(argv[1], "-r"))
		return report(do_read(argv[2]));

	data = argv[2];
	len = strlen(data);
	if (!strcmp(data, "-"))
		data = read_stdin(&len);
	if (!data)
		return report(ENOMEM);
	return report(do_write(argv[1], data, len));
}
