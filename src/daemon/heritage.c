#include "daemon/heritage.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/handover.h"
#include "daemon/inherited.h"
#include "daemon/known.h"

static void read_known(struct heritage *heritage)
{
    int fd = inherited_take_file(heritage->inherited, HANDOVER_KNOWN);
    if (fd < 0)
        return;
    known_read(fd, &heritage->known); /* without it, DNS says the same a moment later */
    close(fd);
}

int heritage_open(struct heritage *heritage)
{
    char why[256];
    *heritage = (struct heritage){.ready = -1};
    int result = inherited_open(&heritage->inherited, why, sizeof why);
    if (result < 0) {
        log_error("the descriptors that were handed over cannot be used", log_text("error", why));
        return result;
    }
    read_known(heritage);
    heritage->ready = inherited_take_file(heritage->inherited, HANDOVER_READY);
    return 0;
}

static void forget(struct heritage *heritage)
{
    inherited_close(heritage->inherited);
    heritage->inherited = NULL;
    known_free(heritage->known);
    heritage->known = NULL;
}

void heritage_settle(struct heritage *heritage)
{
    inherited_dismiss(heritage->inherited);
    forget(heritage);
}

int heritage_take_over(struct heritage *heritage)
{
    int fd = heritage->ready;
    heritage->ready = -1;
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (write(fd, "", 1) == 1)
        return fd;
    close(fd);
    return -1;
}

void heritage_clear(struct heritage *heritage)
{
    forget(heritage);
    if (heritage->ready >= 0)
        close(heritage->ready);
    heritage->ready = -1;
}
