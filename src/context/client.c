// SPDX-License-Identifier: GPL-2.0-only
#include "context/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context/runtime.h"
#include "kernel/sys.h"
#include "kernel/wait.h"
#include "util/scope.h"

/* After this time somebody is told for whom it waits. */
#define SAY_MS 1000
#define RETRY_MS 50
#define START_MS 10000
#define KILL_MS 10000

void (*client_on_wait)(pid_t holder);

static int socket_address(struct sockaddr_un *address, const char *name)
{
	char path[PATH_MAX];
	int rc = runtime_path(path, name, SOCKET_SUFFIX);

	if (rc)
		return rc;
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* A holder that takes no clients fills its queue; then connect() would wait. */
static int try_connect(int socket, const struct sockaddr_un *address, int patience_ms)
{
	for (int waited = 0; connect(socket, (const void *)address, sizeof(*address));
	     waited += RETRY_MS) {
		if (errno == ECONNREFUSED)
			return -EOWNERDEAD;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (wait_is_over())
			return -EINTR;
		if (waited >= patience_ms)
			return -ETIMEDOUT;
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

/* The one who listens, which is the holder itself. */
static pid_t peer_of(int socket)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

static void hang_up(struct client *client)
{
	if (client->socket >= 0)
		close(client->socket);
	client->socket = -1;
}

int client_connect(struct client *client, const char *name, int patience_ms)
{
	struct sockaddr_un address;
	int rc = socket_address(&address, name);

	*client = (struct client){ .socket = -1, .patience_ms = patience_ms };
	if (rc)
		return rc;
	client->message = proto_new();
	if (!client->message)
		return -ENOMEM;
	client->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->socket < 0)
		return -errno;
	rc = try_connect(client->socket, &address, patience_ms < SAY_MS ? patience_ms : SAY_MS);
	client->silent = rc == -ETIMEDOUT;
	client->holder = rc ? runtime_holder(name) : peer_of(client->socket);
	if (rc)
		hang_up(client);
	return rc;
}

void client_end(struct client *client)
{
	hang_up(client);
	free(client->message);
	client->message = NULL;
}

bool client_is_stopped(pid_t pid)
{
	auto_free char *text = NULL;
	const char *state;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (sys_read_file(path, &text))
		return false;
	state = strrchr(text, ')'); /* the name before it may be anything */
	return state && (!strncmp(state, ") T", 3) || !strncmp(state, ") t", 3));
}

/* One that is stopped is not waited for: it may be so for ever. */
static int wait_for_reply(struct client *client)
{
	int first = client->patience_ms < SAY_MS ? client->patience_ms : SAY_MS;
	int rc = wait_for_fd(client->socket, POLLIN, first);

	if (rc == -ETIMEDOUT && client->patience_ms > SAY_MS &&
	    !client_is_stopped(client->holder)) {
		if (client_on_wait)
			client_on_wait(client->holder);
		rc = wait_for_fd(client->socket, POLLIN, client->patience_ms - SAY_MS);
	}
	client->silent |= rc == -ETIMEDOUT;
	return rc;
}

int client_request_fd(struct client *client, enum proto_op op, int send_fd, int *receive_fd)
{
	int fd = -1, rc;

	if (client->socket < 0)
		return client->silent ? -ETIMEDOUT : -ECONNRESET;
	client->message->op = op;
	rc = proto_send(client->socket, client->message, send_fd);
	/* Nothing was said: what was made by now can still be undone. */
	if (rc == -ENOBUFS || rc == -ENOMEM)
		return rc;
	if (rc == -EPIPE)
		rc = -ECONNRESET;
	if (!rc)
		rc = wait_for_reply(client);
	if (!rc)
		rc = proto_receive(client->socket, client->message, &fd);
	if (receive_fd)
		*receive_fd = fd;
	else if (fd >= 0)
		sys_close(fd);
	if (!rc)
		return client->message->op == PROTO_OK ? -(int)client->message->status : 0;
	hang_up(client);
	return rc;
}

int client_request(struct client *client, enum proto_op op)
{
	client->message->attributes_size = 0;
	return client_request_fd(client, op, -1, NULL);
}

int client_greet(struct client *client, enum proto_visit visit, unsigned *version,
		 bool *interrupted)
{
	struct proto_message *message = client->message;
	int rc;

	message->kind = PROTO_VERSION;
	message->status = visit;
	memset(message->name, 0, sizeof(message->name));
	rc = client_request(client, PROTO_HELLO);
	/* Its status is no errno. The first version had none, and told 0 or 1. */
	if (client->socket < 0)
		return rc;
	client->holder = message->kind;
	*version = message->status & ~PROTO_INTERRUPTED;
	*interrupted = message->status & PROTO_INTERRUPTED;
	if (*version < 2)
		*version = 1;
	return *version == PROTO_VERSION ? 0 : -EPROTONOSUPPORT;
}

static void find_program(char *path)
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof("-holder"));

	if (length > 0) {
		strcpy(path + length, "-holder");
		if (!access(path, F_OK))
			return;
	}
	snprintf(path, PATH_MAX, "%s/dmabufctl-holder", PKGLIBEXECDIR);
}

/*
 * Runs in the child: the socket as standard input, the pipe as standard output, no trace of the
 * command's fds, none of its signals.
 */
static _Noreturn void become_holder(const char *program, const char *socket_path, int listener,
				    int ready)
{
	char *const arguments[] = { "dmabufctl-holder", (char *)socket_path, NULL };
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int error;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(listener, 0) < 0 || dup2(ready, 1) < 0 || dup2(null, 2) < 0 ||
	    chdir("/"))
		_exit(127);
	close_range(3, ~0u, 0);
	/* A grandchild is nobody's zombie. */
	if (fork() == 0) {
		execv(program, arguments);
		error = -errno;
		if (write(STDOUT_FILENO, &error, sizeof(error)) < 0)
			_exit(126);
		_exit(127);
	}
	_exit(0);
}

static int bind_socket(const struct sockaddr_un *address)
{
	mode_t mask = umask(077);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = listener < 0 ? -errno : 0;

	unlink(address->sun_path);
	if (!rc && bind(listener, (const void *)address, sizeof(*address)))
		rc = -errno;
	umask(mask);
	if (!rc)
		return listener;
	if (listener >= 0)
		close(listener);
	return rc;
}

/* The first word: the holder's PID when it listens, or the negative errno of running it. */
static int hear_ready(int pipe, pid_t *holder)
{
	int word, rc = wait_for_fd(pipe, POLLIN, START_MS);

	if (rc)
		return rc;
	if (read(pipe, &word, sizeof(word)) != sizeof(word))
		return -ECHILD;
	*holder = word;
	return word < 0 ? word : 0;
}

int client_start(const char *name, char *program, pid_t *holder)
{
	struct sockaddr_un address;
	int rc = socket_address(&address, name), ready[2];
	auto_close int listener = -1;
	pid_t child;

	if (rc)
		return rc;
	find_program(program);
	rc = listener = bind_socket(&address);
	if (rc >= 0)
		rc = pipe2(ready, O_CLOEXEC) ? -errno : 0;
	if (rc)
		return rc;
	child = fork();
	if (child == 0)
		become_holder(program, address.sun_path, listener, ready[1]);
	rc = child < 0 ? -errno : 0;
	close(ready[1]);
	if (!rc) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		rc = hear_ready(ready[0], holder);
	}
	close(ready[0]);
	if (rc)
		unlink(address.sun_path);
	return rc;
}

/* Only what calls itself a holder is killed: the PID may be another process's by now. */
static bool is_holder(pid_t pid)
{
	auto_free char *name = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return !sys_read_file(path, &name) && !strncmp(name, "dmabufctl-hold", 14);
}

static int kill_holder(pid_t pid)
{
	auto_close int process = sys_pidfd_open(pid);
	int rc = process < 0 ? process : is_holder(pid) ? sys_pidfd_kill(process) : -ETIMEDOUT;

	return rc == -ESRCH ? 0 : rc ? rc : wait_for_fd(process, POLLIN, KILL_MS);
}

int client_stop(struct client *client)
{
	int rc;

	client->message->kind = PROTO_VERSION;
	memset(client->message->name, 0, sizeof(client->message->name));
	rc = client_request(client, PROTO_STOP);
	/* Nothing comes back but the end, when all is closed. */
	return rc == -ETIMEDOUT ? kill_holder(client->holder) : rc == -EINTR ? rc : 0;
}
