/* redial-demo: shows redial's main job in a few seconds, on loopback only. Exit status 0 when every
 * promise was kept, so that it is a test too. */
#include "play.h"
#include "screen.h"
#include "stage.h"
#include "story.h"

#include "tests/lib/moment.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_TTL = 2 };

int main(int argc, char **argv)
{
    bool keep = argc == 2 && strcmp(argv[1], "--keep") == 0;
    if (argc > 2 || (argc == 2 && !keep)) {
        fprintf(stderr, "usage: redial-demo [--keep]\n");
        return 2;
    }
    int64_t start = moment_ms();
    struct stage stage;
    screen_open();
    stage_open(&stage, RECORD_TTL);
    story_tell(&stage);
    if (keep && screen_broken() == 0) {
        play(&stage);
    }
    int status = stage_close(&stage);
    screen_verdict(status == 0, "redial was stopped and ended with status %d", status);
    screen_say("%s, after %.1f s", screen_broken() == 0 ? "That was all" : "NOT AS PROMISED",
               (double)(moment_ms() - start) / 1000.0);
    return screen_broken() == 0 ? 0 : 1;
}
