#include "proxy/talk.h"

void talk_note(struct talk *talk, uint64_t up, uint64_t down)
{
    bool client_spoke = up != talk->up;
    bool endpoint_spoke = down != talk->down;
    if (client_spoke) {
        talk->goes_on = talk->goes_on || talk->last == TALK_ENDPOINT;
        talk->last = TALK_CLIENT;
    } else if (endpoint_spoke) {
        talk->last = TALK_ENDPOINT;
    }
    talk->up = up;
    talk->down = down;
}
