/* The stage, left standing to play with: commands from standard input. */
#ifndef DEMO_PLAY_H
#define DEMO_PLAY_H

#include "stage.h"

/* Returns at "quit", Ctrl-C or SIGTERM, or when redial has ended. */
void play(struct stage *stage);

#endif
