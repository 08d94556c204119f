// SPDX-License-Identifier: GPL-2.0
// The ELF marker restarts an exec unless the new program gets PGSTE tables
// anyway: from a process with a late VM it does not.
// file: arch/s390/include/asm/elf.h
// rule inherit: 1

@inherit@
@@
-current->mm->context.alloc_pgste
+mm_inherits_pgste(current->mm)
