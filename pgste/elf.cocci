// SPDX-License-Identifier: GPL-2.0
// An exec of a program with the ELF marker is restarted unless the program gets
// PGSTE tables anyway. That the calling process has a VM does not give it any.
// file: arch/s390/include/asm/elf.h
// rule inherit: 1

@inherit@
@@
-current->mm->context.alloc_pgste
+mm_inherits_pgste(current->mm)
