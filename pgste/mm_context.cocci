// SPDX-License-Identifier: GPL-2.0
// The mode of an mm. Neither a child nor a new program inherits what a process
// became by creating a VM.
// file: arch/s390/include/asm/mmu.h
// file: arch/s390/include/asm/mmu_context.h
// rule mode: 2
// rule inherit: 1
// rule none: 2

@mode@
@@
 typedef struct {
 ...
+#ifdef CONFIG_PGSTE_MIXED
+	/* mm_pgste_mode(); written with the mmap lock held for writing */
+	const struct page *pgste_map;
+	/* VMs of the process; goes up with the mmap lock held for writing */
+	atomic_t nr_vms;
+	/* Tables are being demoted; mmap lock held for writing */
+	bool demoting;
+#else
 unsigned int has_pgste:1;
+#endif
 ...
 } mm_context_t;

@inherit@
@@
 mm->context.alloc_pgste = page_table_allocate_pgste ||
	test_thread_flag(TIF_PGSTE) ||
	(current->mm &&
-	current->mm->context.alloc_pgste
+	mm_inherits_pgste(current->mm)
	);

@none@
@@
+#ifdef CONFIG_PGSTE_MIXED
+	mm_set_pgste_mode(mm, MM_PGSTE_NONE);
+	atomic_set(&mm->context.nr_vms, 0);
+	mm->context.demoting = false;
+#else
 mm->context.has_pgste = 0;
+#endif
