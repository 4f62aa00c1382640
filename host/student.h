/* SPDX-License-Identifier: BSD-2-Clause */
/* Student's t. */
#ifndef TW_HOST_STUDENT_H
#define TW_HOST_STUDENT_H

/* The chance that |T| is t or more, for df > 0 degrees of freedom. */
double student_two_sided(double t, double df);

/* The t for which that chance is p, 0 < p < 1. */
double student_quantile(double p, double df);

#endif
