/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/student.h"

#include <math.h>

enum { TERMS = 300, HALVINGS = 50 };

/* A divisor of a continued fraction, kept away from 0. */
static double apart(double v)
{
	return fabs(v) < 1e-300 ? 1e-300 : v;
}

/* The continued fraction of the incomplete beta function (NIST DLMF 8.17.22), by Lentz's method. */
static double fraction(double a, double b, double x)
{
	double c = 1, d = 1 / apart(1 - (a + b) * x / (a + 1)), f = d;

	for (int m = 1; m < TERMS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), last;

		d = 1 / apart(1 + even * d);
		c = apart(1 + even / c);
		f *= c * d;
		d = 1 / apart(1 + odd * d);
		c = apart(1 + odd / c);
		last = c * d;
		f *= last;
		if (fabs(last - 1) < 1e-14)
			break;
	}
	return f;
}

/* The regularised incomplete beta function. */
static double beta(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * fraction(a, b, x) / a;
	return 1 - front * fraction(b, a, 1 - x) / b;
}

double student_two_sided(double t, double df)
{
	return beta(df / 2, 0.5, df / (df + t * t));
}

double student_quantile(double p, double df)
{
	double low = 0, high = 1;

	while (student_two_sided(high, df) > p)
		high *= 2;
	for (int i = 0; i < HALVINGS; i++) {
		double mid = (low + high) / 2;

		if (student_two_sided(mid, df) > p)
			low = mid;
		else
			high = mid;
	}
	return high;
}
