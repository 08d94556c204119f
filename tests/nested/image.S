/* SPDX-License-Identifier: GPL-2.0 */
/* The small hypervisor's flat image as data of the VMM. */
	.section .rodata
	.globl	hypervisor_image, hypervisor_image_end
	.balign	8
hypervisor_image:
	.incbin	"hypervisor.bin"
hypervisor_image_end:

	.section .note.GNU-stack, "", @progbits
