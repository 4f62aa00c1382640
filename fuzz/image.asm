; SPDX-License-Identifier: BSD-2-Clause
; The victim image as bytes, for the application and for the host program alike.
section .rodata align=64
global victim_image:data hidden, victim_image_end:data hidden
victim_image:
	incbin "build/victim.bin"
victim_image_end:
section .note.GNU-stack noalloc noexec nowrite progbits
