#include "ledger.h"

#include "die.h"
#include "moment.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t seal_of(const struct head *head)
{
    const unsigned char *bytes = (const unsigned char *)head;
    uint64_t seal = 0x5355304148432d31ULL;
    for (size_t i = sizeof(head->seal); i < sizeof(*head); i++) {
        seal = (seal ^ bytes[i]) * 0x100000001b3ULL;
    }
    return seal;
}

void head_seal(struct head *head)
{
    head->seal = seal_of(head);
}

bool head_is_sealed(const struct head *head)
{
    return head->seal == seal_of(head);
}

uint64_t head_offset_up(const struct head *head)
{
    return (uint64_t)head->id * 8191 + (uint64_t)head->storm * 131;
}

uint64_t head_offset_down(const struct head *head)
{
    return head_offset_up(head) + 523987;
}

struct ledger *ledger_open(int fd)
{
    struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ledger == MAP_FAILED) {
        die("no memory for the ledger");
    }
    return ledger;
}

struct ledger *ledger_create(int *fd)
{
    *fd = memfd_create("ledger", 0); /* handed on: not close-on-exec */
    if (*fd < 0 || ftruncate(*fd, sizeof(struct ledger)) != 0) {
        die("no file for the ledger");
    }
    return ledger_open(*fd);
}

void ledger_begin(struct ledger *ledger, unsigned storm)
{
    memset(ledger->slots, 0, sizeof(ledger->slots));
    for (size_t i = 0; i < LEDGER_BACKENDS; i++) {
        ledger->backends[i].broken = 0;
    }
    ledger->storm = storm;
}

struct slot *ledger_claim(struct ledger *ledger, const struct head *head, unsigned backend)
{
    if (!head_is_sealed(head) || head->storm != ledger->storm || head->id >= LEDGER_SLOTS) {
        ledger->strays++;
        return NULL;
    }
    struct slot *slot = &ledger->slots[head->id];
    if (slot->state != SLOT_NONE) {
        slot_mark(slot, MARK_TWICE);
        return NULL;
    }
    slot->backend = backend;
    slot->claimed_ms = moment_ms();
    slot->state = SLOT_OPEN;
    return slot;
}

void slot_mark(struct slot *slot, unsigned marks)
{
    atomic_fetch_or(&slot->marks, marks);
}

bool slot_has(const struct slot *slot, unsigned mark)
{
    return (slot->marks & mark) != 0;
}
