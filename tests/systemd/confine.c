/* confine: runs a program under what a unit of systemd forbids it by seccomp(2), and without
 * capabilities, and writes down each call that was denied. See help. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0 /* main() says that it does not know this one */
#endif

#define CALLS 1024
#define STEPS 4096
#define CONDITIONS 6
#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)
#define SET_ID (S_ISUID | S_ISGID)

static const char help[] =
    "Usage: confine RULES REPORT COMMAND [ARGUMENT...]\n"
    "  RULES, as confine.sh makes them of a unit, a line each:\n"
    "    call NUMBER NAME yes|no   whether a system call is allowed\n"
    "    errno NUMBER              what one that is not fails with\n"
    "    family NUMBER             RestrictAddressFamilies= has it\n"
    "    bar WORD                  namespaces, setid, exec, personality, capabilities\n"
    "  Each denied call is a line in REPORT, which is appended to. The command keeps this "
    "process's\n"
    "  number; what it starts is confined as well.\n";

static struct {
    char *names[CALLS];
    bool allowed[CALLS];
    int families[CONDITIONS];
    int family_count;
    int error;
    bool namespaces, setid, exec, personality, capabilities;
} rules = {.error = EPERM};

static __attribute__((noreturn)) void fail(const char *what)
{
    fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* --- rules --------------------------------------------------------------------------------------
 */

static bool read_bar(const char *word)
{
    static const struct {
        const char *word;
        bool *flag;
    } bars[] = {
        {"namespaces", &rules.namespaces},
        {"setid", &rules.setid},
        {"exec", &rules.exec},
        {"personality", &rules.personality},
        {"capabilities", &rules.capabilities},
    };
    for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++) {
        if (strcmp(word, bars[i].word) == 0) {
            *bars[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool read_call(int number, const char *name, const char *allowed)
{
    if (number < 0 || number >= CALLS || rules.names[number])
        return number >= CALLS; /* none that this architecture has */
    rules.names[number] = strdup(name);
    rules.allowed[number] = strcmp(allowed, "yes") == 0;
    return rules.names[number] != NULL;
}

static bool read_rule(const char *line)
{
    char word[64], allowed[8];
    int number;

    if (sscanf(line, "call %d %63s %7s", &number, word, allowed) == 3)
        return read_call(number, word, allowed);
    if (sscanf(line, "errno %d", &rules.error) == 1)
        return true;
    if (sscanf(line, "family %d", &number) == 1 && rules.family_count < CONDITIONS) {
        rules.families[rules.family_count++] = number;
        return true;
    }
    return sscanf(line, "bar %63s", word) == 1 && read_bar(word);
}

/* What a confined process starts by this program is confined already, and could not be once more.
 */
static void run_confined_already(char *const *command)
{
    if (getenv("CONFINED")) {
        execvp(command[0], command);
        fail(command[0]);
    }
    setenv("CONFINED", "yes", 1);
}

static void read_rules(const char *path)
{
    char line[128];
    FILE *file = fopen(path, "re");

    if (!file)
        fail(path);
    while (fgets(line, sizeof(line), file)) {
        if (!read_rule(line)) {
            fprintf(stderr, "confine: %s: not understood: %s", path, line);
            exit(125);
        }
    }
    fclose(file);
}

/* --- the program of the filter ------------------------------------------------------------------
 */

static struct sock_filter steps[STEPS];
static unsigned short step_count;

static void step(uint16_t code, uint32_t value, uint8_t if_so, uint8_t if_not)
{
    if (step_count < STEPS)
        steps[step_count++] = (struct sock_filter){code, if_so, if_not, value};
}

static void load(size_t offset)
{
    step(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(uint32_t value)
{
    step(BPF_RET | BPF_K, value, 0, 0);
}

/* (argument & mask) == value, or with `differs` != */
struct condition {
    unsigned argument;
    uint32_t mask, value;
    bool differs;
};

/* The call is answered so where all of the conditions hold. */
static void rule(long number, uint32_t verdict, const struct condition *conditions, int count)
{
    uint8_t left = (uint8_t)(3 * count + 1); /* steps to behind this rule */

    step(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, left);
    for (int i = 0; i < count; i++) {
        const struct condition *c = &conditions[i];
        left = (uint8_t)(left - 3);
        load(offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
        step(BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
        step(BPF_JMP | BPF_JEQ | BPF_K, c->value, c->differs ? left : 0, c->differs ? 0 : left);
    }
    answer(verdict);
    load(offsetof(struct seccomp_data, nr));
}

static void deny_if(long number, unsigned argument, uint32_t mask, uint32_t value, bool differs)
{
    const struct condition condition = {argument, mask, value, differs};
    rule(number, SECCOMP_RET_USER_NOTIF, &condition, 1);
}

#define NO_SUCH_CALL (SECCOMP_RET_ERRNO | ENOSYS)

/* RestrictNamespaces=yes. What clone3(2) is to do cannot be seen here: C libraries then use
 * clone(2). */
static void bar_namespaces(void)
{
    rule(SYS_clone3, NO_SUCH_CALL, NULL, 0);
    rule(SYS_setns, SECCOMP_RET_USER_NOTIF, NULL, 0);
    deny_if(SYS_unshare, 0, NAMESPACES, 0, true);
    deny_if(SYS_clone, 0, NAMESPACES, 0, true);
}

/* MemoryDenyWriteExecute=yes */
static void bar_exec(void)
{
    deny_if(SYS_mmap, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC, false);
    deny_if(SYS_mprotect, 2, PROT_EXEC, PROT_EXEC, false);
    deny_if(SYS_pkey_mprotect, 2, PROT_EXEC, PROT_EXEC, false);
    deny_if(SYS_shmat, 2, SHM_EXEC, SHM_EXEC, false);
}

/* RestrictSUIDSGID=yes */
static void bar_setid(void)
{
    const struct condition made[] = {{2, O_CREAT, O_CREAT, false}, {3, SET_ID, 0, true}};

    rule(SYS_openat, SECCOMP_RET_USER_NOTIF, made, 2);
    rule(SYS_openat2, NO_SUCH_CALL, NULL, 0);
    deny_if(SYS_fchmod, 1, SET_ID, 0, true);
    deny_if(SYS_fchmodat, 2, SET_ID, 0, true);
    deny_if(SYS_mkdirat, 2, SET_ID, 0, true);
    deny_if(SYS_mknodat, 2, SET_ID, 0, true);
#ifdef SYS_open /* and its like, which newer architectures lack */
    const struct condition opened[] = {{1, O_CREAT, O_CREAT, false}, {2, SET_ID, 0, true}};
    rule(SYS_open, SECCOMP_RET_USER_NOTIF, opened, 2);
    deny_if(SYS_creat, 1, SET_ID, 0, true);
    deny_if(SYS_chmod, 1, SET_ID, 0, true);
    deny_if(SYS_mkdir, 1, SET_ID, 0, true);
    deny_if(SYS_mknod, 1, SET_ID, 0, true);
#endif
}

static void restrict_families(void)
{
    struct condition others[CONDITIONS];

    for (int i = 0; i < rules.family_count; i++)
        others[i] = (struct condition){0, UINT32_MAX, (uint32_t)rules.families[i], true};
    rule(SYS_socket, SECCOMP_RET_USER_NOTIF, others, rules.family_count);
}

static void write_filter(void)
{
    load(offsetof(struct seccomp_data, arch));
    step(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(struct seccomp_data, nr));
    if (rules.namespaces)
        bar_namespaces();
    if (rules.exec)
        bar_exec();
    if (rules.setid)
        bar_setid();
    if (rules.personality)
        deny_if(SYS_personality, 0, UINT32_MAX, (uint32_t)personality(0xffffffff), true);
    if (rules.family_count > 0)
        restrict_families();
    for (int i = 0; i < CALLS; i++) {
        if (rules.allowed[i]) {
            step(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)i, 0, 1);
            answer(SECCOMP_RET_ALLOW);
        }
    }
    answer(SECCOMP_RET_USER_NOTIF);
    if (step_count == STEPS)
        fail("too many rules");
}

/* --- who writes down what was denied ------------------------------------------------------------
 */

/* The descriptor of the filter's notices, once it is there. Both processes have their descriptors
 * in common until then: under a filter there may be no call by which one could be sent. */
static _Atomic int *notices;

/* As systemd's filters do. */
static int error_of(int number)
{
    return number == SYS_socket && rules.allowed[SYS_socket] ? EAFNOSUPPORT : rules.error;
}

static void write_down(int report, const struct seccomp_notif *notice)
{
    int number = notice->data.nr;
    const char *name = number >= 0 && number < CALLS ? rules.names[number] : NULL;
    const unsigned long long *arguments = (const unsigned long long *)notice->data.args;

    dprintf(report, "denied %s pid=%u 0x%llx 0x%llx 0x%llx 0x%llx\n", name ? name : "unknown",
            notice->pid, arguments[0], arguments[1], arguments[2], arguments[3]);
}

static void answer_notices(int fd, int report)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    while (poll(&ready, 1, -1) >= 0 || errno == EINTR) {
        struct seccomp_notif notice = {0};
        if (ready.revents & POLLHUP)
            return; /* the last confined process has ended */
        if (!(ready.revents & POLLIN) || ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
            continue;
        write_down(report, &notice);
        struct seccomp_notif_resp response = {
            .id = notice.id,
            .error = -error_of(notice.data.nr),
        };
        ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
}

static void supervise(int report)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};

    setsid();
    for (int i = 0; *notices < 0; i++) {
        if (i == 10000)
            _exit(125);
        nanosleep(&pause, NULL);
    }
    if (unshare(CLONE_FILES) < 0 || dup2(*notices, 0) != 0 || dup2(report, 1) != 1)
        _exit(125);
    close_range(2, ~0U, 0); /* nobody's pipe is kept open by us */
    answer_notices(0, 1);
    _exit(0);
}

static pid_t fork_sharing_descriptors(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* It is nobody's child, so that the command does not find one that it did not start. */
static void start_supervisor(int report)
{
    notices =
        mmap(NULL, sizeof(*notices), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notices == MAP_FAILED)
        fail("mmap");
    *notices = -1;
    pid_t child = fork_sharing_descriptors();
    if (child == 0) {
        if (fork_sharing_descriptors() == 0)
            supervise(report);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child)
        fail("fork");
}

/* ------------------------------------------------------------------------------------------------
 */

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    for (int i = 0; i < 64; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* fails above the last one, and for who has none */
    if (syscall(SYS_capset, &header, none) < 0)
        fail("capset");
}

static void confine(void)
{
    const struct sock_fprog program = {step_count, steps};

    if (rules.capabilities)
        drop_capabilities();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail("no_new_privs");
    long fd =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (fd < 0)
        fail("seccomp");
    *notices = (int)fd; /* it is closed by execve(2), here */
}

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fputs(help, stderr);
        return 125;
    }
    run_confined_already(argv + 3);
    errno = ENOSYS;
    if (ARCH == 0)
        fail("this architecture");
    read_rules(argv[1]);
    write_filter();
    int report = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (report < 0)
        fail(argv[2]);
    start_supervisor(report);
    confine();
    execvp(argv[3], argv + 3);
    fail(argv[3]);
}
