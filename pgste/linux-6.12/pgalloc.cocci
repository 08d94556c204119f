// SPDX-License-Identifier: GPL-2.0
// Allocation and freeing of page tables by kind: pgalloc.c replaces these. Linux 6.12 has
// no 2K tables: the list of pages with a free half comes back, and a table that is unmapped
// is freed by its kind.
// file: arch/s390/mm/pgalloc.c
// file: arch/s390/mm/init.c
// file: arch/s390/include/asm/tlb.h
// file: arch/s390/include/asm/mmu.h
// file: arch/s390/include/asm/mmu_context.h
// rule shadow_alloc: 1
// rule shadow_free: 1
// rule alloc: 1
// rule remove: 1
// rule defer: 1
// rule deferred: 1
// rule unmap: 3
// rule list: 1
// rule list_init: 1
// rule list_of_kernel: 1
// span: arch/s390/mm/pgalloc.c page_table_alloc_pgste f582e71a3429 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c page_table_free_pgste ab2b9d67a74e 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c page_table_alloc f35d1af3d1ed 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c pagetable_pte_dtor_free 0751b1615e9e 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c page_table_free 4b70cab8bbdf 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c __tlb_remove_table 751cf02b3bed 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c pte_free_now 7a928b48e185 6.12.117-1~deb12u1
// span: arch/s390/mm/pgalloc.c pte_free_defer aa9dee3de5fb 6.12.117-1~deb12u1

@shadow_alloc@
@@
+#ifndef CONFIG_PGSTE_MIXED
 struct ptdesc *page_table_alloc_pgste(struct mm_struct *mm)
 {
 ...
 }

@shadow_free@
@@
 void page_table_free_pgste(struct ptdesc *ptdesc)
 {
 ...
 }
+#endif

@alloc@
@@
+#ifndef CONFIG_PGSTE_MIXED
 unsigned long *page_table_alloc(struct mm_struct *mm)
 {
 ...
 }

@remove@
@@
 void __tlb_remove_table(void *table)
 {
 ...
 }
+#endif

@defer@
@@
+#ifndef CONFIG_PGSTE_MIXED
 static void pte_free_now(struct rcu_head *head)
 {
 ...
 }

@deferred@
typedef pgtable_t;
@@
 void pte_free_defer(struct mm_struct *mm, pgtable_t pgtable)
 {
 ...
 }
+#endif

@unmap@
typedef pgtable_t;
@@
+#ifdef CONFIG_PGSTE_MIXED
+void page_table_free_rcu(struct mmu_gather *tlb, unsigned long *table, unsigned long vmaddr);
+#endif
+
 static inline void pte_free_tlb(struct mmu_gather *tlb, pgtable_t pte, unsigned long address)
 {
 ...
+#ifdef CONFIG_PGSTE_MIXED
+	page_table_free_rcu(tlb, (unsigned long *)pte, address);
+#else
 if (mm_has_pgste(tlb->mm))
	gmap_unlink(...);
 tlb_remove_ptdesc(tlb, pte);
+#endif
 }

@list@
@@
 typedef struct {
 spinlock_t lock;
+#ifdef CONFIG_PGSTE_MIXED
+	/* Pages with one 2K table; under lock */
+	struct list_head pgtable_list;
+#endif
 ...
 } mm_context_t;

@list_init@
@@
 spin_lock_init(&mm->context.lock);
+#ifdef CONFIG_PGSTE_MIXED
+	INIT_LIST_HEAD(&mm->context.pgtable_list);
+#endif

@list_of_kernel@
@@
 void __init paging_init(void)
 {
 ...
+#ifdef CONFIG_PGSTE_MIXED
+	INIT_LIST_HEAD(&init_mm.context.pgtable_list);
+#endif
 vmem_map_init();
 ...
 }
