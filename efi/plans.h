/* SPDX-License-Identifier: BSD-2-Clause */
/* Which plan runs: the stick's own, one of \trainwreck\plans that somebody chose, or that of a run broken off. */
#ifndef TW_PLANS_H
#define TW_PLANS_H

/* Fills machine.config; counts down, where there is something to choose. */
void plans_choose(void);

/* Path of the plan that was chosen; "" for the built-in one. */
const char *plans_path(void);

/* At the end: leave the summary on the screen for as long as the plan says. */
void plans_linger(void);

#endif
