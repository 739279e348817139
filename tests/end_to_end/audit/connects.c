// Preloaded into every process, those that are forked and those that are not Python included:
// notes where it wants to connect to, in the form of sitecustomize.py.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void note(const char *what, const char *where) {
    char line[512];
    const char *path = getenv("NETWORK_LOG");
    if (path == NULL) return;
    int length = snprintf(line, sizeof line, "%s %s\n", what, where ? where : "None");
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return;
    if (length > 0 && write(log, line, (size_t)length) < 0) {}
    close(log);
}

static void address(const char *what, const struct sockaddr *to) {
    char text[INET6_ADDRSTRLEN] = "?";
    if (to == NULL) return;
    if (to->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)to)->sin_addr, text, sizeof text);
    else if (to->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)to)->sin6_addr, text, sizeof text);
    else if (to->sa_family == AF_UNIX)
        strcpy(text, "/unix");
    else
        return;
    note(what, text);
}

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    address("connect", to);
    return real(fd, to, length);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t length) {
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        dlsym(RTLD_NEXT, "sendto");
    address("connect", to);
    return real(fd, data, size, flags, to, length);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    note("resolve", host);
    return real(host, service, hints, found);
}
