; SPDX-License-Identifier: BSD-2-Clause
; The benchmarks' image as bytes, for the application and for the host's tests alike.
section .rodata align=64
global bench_image, bench_image_end
bench_image:
	incbin "build/bench.bin"
bench_image_end:
section .note.GNU-stack noalloc noexec nowrite progbits
