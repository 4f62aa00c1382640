/* SPDX-License-Identifier: BSD-2-Clause */
/* How the figures were made, in short, on the page that has them: what docs/method.md says at length. */
#include "host/page.h"

void page_method(FILE *f)
{
	fputs("<h2 id=\"method\">How the figures are made</h2>\n<ul>\n"
	      "<li>A <strong>window</strong> lies between two stamps, <code>LFENCE; JMP; RDTSC; LFENCE; MOV</code>. It holds what its row's words say and the "
	      "instructions of the stamps; a window of nothing else is a row of its own, named beside every figure, and never subtracted.</li>\n"
	      "<li>A <strong>sample</strong> is one run from a fresh stack with interrupts masked at their sources, in a machine that the firmware has handed over. A row is "
	      "warm but for class <code>cold</code>; it is measured at four placements of its code, in rounds spread over the run (by a stick in one go), and pooled. Nothing is "
	      "trimmed; what an NMI or a counted SMI hit, or retired another number of instructions than the rest, is dropped, and said.</li>\n"
	      "<li><strong>UNSTABLE</strong>: half of the samples lie further apart than 25 % of the median and the resolution; or entry and exit do not add up to the "
	      "round trip within 15 % and the resolution; or its empty window is not OK. The figures that made it so are its reason. The resolution is the "
	      "empty window's median, at least 8 ticks.</li>\n"
	      "<li>Ticks are those of the time-stamp counter, not core cycles: each machine's table says how long one is and how that is known.</li>\n"
	      "<li>Several boots of a machine are one column: the median of the boots, with the lowest and the highest.</li>\n"
	      "<li>Weak: stamps and path overlap on a core that runs out of order, so differences are sounder than sums; LFENCE does not wait for stores to be "
	      "visible; on AMD it may not even wait for what is before it (each machine's table says); where SMIs are not counted they are in the samples.</li>\n"
	      "</ul>\n<p>All of it, and all that is known to be weak: <code>docs/method.md</code> of the program's source. What each member of a file of results "
	      "is: <code>docs/results.md</code>.</p>\n", f);
}
