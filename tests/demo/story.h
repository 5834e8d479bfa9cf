/* The story that the demo tells, act by act; screen_broken() counts the promises not kept. */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include "stage.h"

/* Needs an open stage; redial runs on it afterwards, unless it did not start. */
void story_tell(struct stage *stage);

#endif
