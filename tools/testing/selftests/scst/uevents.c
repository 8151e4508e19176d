// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the kernel's uevents, one on a line, properties separated by tabs.
 * The first line says "ready": what comes after it is not missed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>

static void print_event(const char *buf, size_t len)
{
	const char *p = buf, *end = buf + len;

	/* "add@/devices/..." comes first: ACTION and DEVPATH repeat it */
	for (p += strlen(p) + 1; p < end; p += strlen(p) + 1)
		printf("%s\t", p);
	putchar('\n');
	fflush(stdout);
}

int main(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1,		/* the kernel's, not udev's */
	};
	int fd, size = 8 << 20;
	char buf[16384];
	ssize_t len;

	fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror("uevents");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	puts("ready");
	fflush(stdout);
	for (;;) {
		len = recv(fd, buf, sizeof(buf) - 1, 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			perror("uevents");
			return 1;
		}
		buf[len] = 0;
		print_event(buf, len);
	}
}
