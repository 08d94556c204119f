// SPDX-License-Identifier: GPL-2.0
/*
 * The address space that stands in for a real one: see include/standin-mm.h. Each
 * step that pgste/replace.c takes is checked when it is taken: who is shut out then?
 */

#include <stdlib.h>
#include <standin-mm.h>
#include <asm/gmap_admission.h>
#include <asm/pgste.h>
#include <asm/pgtable_replace.h>

#define MAX_VMAS	2048

bool standin_esop = true;
void (*standin_unlocked)(struct mm_struct *mm);
void (*standin_looked)(void);
void (*standin_fault_ends)(struct vm_area_struct *vma);
unsigned int standin_write_locks, standin_kill_at, standin_longest, standin_notified;
int standin_link_refusal;
unsigned int standin_links, standin_refusals;
struct task_struct standin_task;

/* What is going on; all of it one thread. */
static unsigned int rmap_locks, replaced_now, without_sync, absent;
static unsigned int allocated;
static unsigned char keys[POOL_PAGES];

/* Memory can be reclaimed to have some, and that takes reverse-map locks. */
void standin_may_reclaim(const char *who)
{
	may_sleep(who);
	must(!rmap_locks, "%s with reverse-map locks held", who);
}

void standin_enable(struct static_key_false *key)
{
	may_sleep("static_branch_enable");
	WRITE_ONCE(key->enabled, true);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *mem;

	if (gfp & __GFP_DIRECT_RECLAIM)
		standin_may_reclaim("kmalloc");
	if (fault_due(FAULT_KMALLOC))
		return NULL;
	mem = malloc(size);
	must(mem, "no memory");
	memset(mem, 0xa5, size);
	__atomic_fetch_add(&allocated, 1, __ATOMIC_RELAXED);
	return mem;
}

void kfree(void *mem)
{
	if (mem)
		__atomic_fetch_sub(&allocated, 1, __ATOMIC_RELAXED);
	free(mem);
}

unsigned int kmalloced(void)
{
	return __atomic_load_n(&allocated, __ATOMIC_RELAXED);
}

void page_set_storage_key(unsigned long addr, unsigned char key, int mapped)
{
	(void)mapped;
	keys[pool_nr(pfn_to_page(addr >> PAGE_SHIFT))] = key;
}

unsigned char page_get_storage_key(unsigned long addr)
{
	return keys[pool_nr(pfn_to_page(addr >> PAGE_SHIFT))];
}

/* --- locks --- */

spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmdp)
{
	(void)pmdp;
	spin_lock(&mm->pmd_lock);
	return &mm->pmd_lock;
}

void i_mmap_lock_write(struct address_space *mapping)
{
	may_sleep("i_mmap_lock_write");
	must(!mapping->locked++, "i_mmap_rwsem taken twice");
	rmap_locks++;
}

void i_mmap_unlock_write(struct address_space *mapping)
{
	must(mapping->locked, "i_mmap_rwsem not held");
	mapping->locked = 0;
	rmap_locks--;
}

void anon_vma_lock_write(struct anon_vma *anon_vma)
{
	may_sleep("anon_vma_lock_write");
	must(!anon_vma->locked++, "lock of an anon_vma taken twice");
	rmap_locks++;
}

void anon_vma_unlock_write(struct anon_vma *anon_vma)
{
	must(anon_vma->locked, "lock of an anon_vma not held");
	anon_vma->locked = 0;
	rmap_locks--;
}

/* Each lock once, however many VMAs share it. */
void mm_lock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr)
{
	must(mm->write_locked, "mm_lock_rmap without the mmap lock");
	for (int i = 0; i < nr; i++) {
		if (vmas[i]->vm_file && !vmas[i]->vm_file->f_mapping->locked)
			i_mmap_lock_write(vmas[i]->vm_file->f_mapping);
		if (vmas[i]->anon_vma && !vmas[i]->anon_vma->locked)
			anon_vma_lock_write(vmas[i]->anon_vma);
	}
}

void mm_unlock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr)
{
	must(mm->write_locked, "mm_unlock_rmap without the mmap lock");
	for (int i = 0; i < nr; i++) {
		if (vmas[i]->vm_file && vmas[i]->vm_file->f_mapping->locked)
			i_mmap_unlock_write(vmas[i]->vm_file->f_mapping);
		if (vmas[i]->anon_vma && vmas[i]->anon_vma->locked)
			anon_vma_unlock_write(vmas[i]->anon_vma);
	}
}

void mmap_write_lock(struct mm_struct *mm)
{
	standin_may_reclaim("mmap_write_lock");
	must(!mm->write_locked && !mm->read_locked, "mmap lock taken twice");
	mm->write_locked = true;
	replaced_now = 0;
	standin_write_locks++;
}

int mmap_write_lock_killable(struct mm_struct *mm)
{
	if (standin_kill_at && !--standin_kill_at)
		return -EINTR;
	mmap_write_lock(mm);
	return 0;
}

void mmap_write_unlock(struct mm_struct *mm)
{
	must(mm->write_locked, "mmap lock not held");
	must(!absent, "%u segments without their table when the mmap lock goes", absent);
	must(!locks_held && !rmap_locks, "locks held when the mmap lock goes");
	standin_longest = max(standin_longest, replaced_now);
	for (unsigned int i = 0; i < mm->vma_count; i++)
		mm->vmas[i]->faults_ended = false;
	mm->write_locked = false;
	if (standin_unlocked)
		standin_unlocked(mm);
}

void mmap_read_lock(struct mm_struct *mm)
{
	must(!mm->write_locked && !mm->read_locked, "mmap lock taken twice");
	mm->read_locked = true;
}

void mmap_read_unlock(struct mm_struct *mm)
{
	must(mm->read_locked, "mmap lock not held for reading");
	mm->read_locked = false;
}

/* --- VMAs --- */

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	must(mm->write_locked || mm->read_locked, "VMAs looked at without the mmap lock");
	for (unsigned int i = 0; i < mm->vma_count; i++)
		if (mm->vmas[i]->vm_end > addr)
			return mm->vmas[i];
	return NULL;
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}

struct vm_area_struct *vma_next(struct vma_iterator *vmi)
{
	struct vm_area_struct *vma = find_vma(vmi->mas.mm, vmi->mas.index);

	if (vma)
		vmi->mas.index = vma->vm_end;
	return vma;
}

struct vm_area_struct *vma_find(struct vma_iterator *vmi, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(vmi->mas.mm, vmi->mas.index);

	return vma && vma->vm_start < end ? vma_next(vmi) : NULL;
}

/* Every way to this segment is closed: of the reverse map, and of page faults. */
static void must_be_unreachable(struct mm_struct *mm, unsigned long addr, const char *what)
{
	must(mm->write_locked, "%s without the mmap lock", what);
	addr &= PMD_MASK;
	for (unsigned int i = 0; i < mm->vma_count; i++) {
		struct vm_area_struct *vma = mm->vmas[i];

		if (vma->vm_end <= addr || vma->vm_start >= addr + PMD_SIZE)
			continue;
		must(vma_faults_ended(vma), "%s: page faults at %#lx go on", what, vma->vm_start);
		must(!vma->vm_file || vma->vm_file->f_mapping->locked,
		     "%s: the file of %#lx is not locked", what, vma->vm_start);
		must(!vma->anon_vma || vma->anon_vma->locked,
		     "%s: the anon_vma of %#lx is not locked", what, vma->vm_start);
	}
}

/* --- page tables --- */

bool standin_pmd_none(pmd_t pmd)
{
	if (standin_looked && !rmap_locks)
		standin_looked();
	return pmd_val(pmd) == _SEGMENT_ENTRY_EMPTY;
}

static pmd_t *segment_entry(struct mm_struct *mm, unsigned long addr)
{
	must(addr >> PMD_SHIFT < SEGMENTS, "address %#lx", addr);
	return mm->segments + (addr >> PMD_SHIFT);
}

/* An exchange of the entry: what is armed in its PGSTE fires, while it can tell whom. */
pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte)
{
	pte_t old = *ptep;
	u64 *pgste = (u64 *)ptep + PTRS_PER_PTE;

	must(locks_held, "PTE exchanged without the page table lock");
	if (pgtable_page_kind(virt_to_page(ptep)) == PGTABLE_PGSTE &&
	    *pgste & (PGSTE_IN_BIT | PGSTE_VSIE_BIT)) {
		must(unlinked.vmaddr != (addr & PMD_MASK) || !unlinked.count,
		     "notifier of %#lx fired when nobody knows the guest address any more", addr);
		*pgste &= ~(PGSTE_IN_BIT | PGSTE_VSIE_BIT);
		standin_notified++;
	}
	*ptep = pte;
	return old;
}

pmd_t pmdp_xchg_direct(struct mm_struct *mm, unsigned long addr, pmd_t *pmdp, pmd_t pmd)
{
	pmd_t old = *pmdp;
	u64 *table = (u64 *)pmd_deref(old);

	must(pmdp == segment_entry(mm, addr), "entry of another segment than %#lx", addr);
	must(locks_held, "segment entry changed without its lock");
	must(pmd_present(old) && !pmd_leaf(old), "no table to be taken out at %#lx", addr);
	must(pmd_none(pmd), "a table put in by an exchange");
	must_be_unreachable(mm, addr, "table taken out");
	if (pgtable_page_kind(virt_to_page(table)) == PGTABLE_PGSTE) {
		must(unlinked.vmaddr == (addr & PMD_MASK) && unlinked.table == (void *)table &&
		     unlinked.mm == mm, "table at %#lx taken out while guests have it", addr);
		for (unsigned int i = 0; i < PTRS_PER_PTE; i++)
			must(!(table[PTRS_PER_PTE + i] & (PGSTE_IN_BIT | PGSTE_VSIE_BIT)),
			     "notifier of page %u at %#lx still armed", i, addr);
	}
	*pmdp = pmd;
	without_sync++;
	absent++;
	return old;
}

void tlb_remove_table_sync_one(void)
{
	may_sleep("tlb_remove_table_sync_one");
	without_sync = 0;
}

void pmd_populate(struct mm_struct *mm, pmd_t *pmdp, pgtable_t table)
{
	unsigned long addr = (unsigned long)(pmdp - mm->segments) << PMD_SHIFT;

	must(locks_held, "segment entry changed without its lock");
	must(pmd_none(*pmdp), "a table over another at %#lx", addr);
	must(!without_sync, "a table put in before lockless walkers of the old one are gone");
	must_be_unreachable(mm, addr, "table put in");
	*pmdp = __pmd((unsigned long)table);
	absent--;
	replaced_now++;
}

void split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmdp, unsigned long addr)
{
	standin_may_reclaim("split_huge_pmd");
	must(vma->vm_mm->write_locked || vma->vm_mm->read_locked, "split without the mmap lock");
	*pmdp = __pmd((unsigned long)page_table_alloc(vma->vm_mm));
}

/* A page of its own for one that maps the zero page. */
int handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags, void *regs)
{
	u64 *table = space_table_now(vma->vm_mm, addr >> PMD_SHIFT);

	(void)flags, (void)regs;
	standin_may_reclaim("handle_mm_fault");
	must(vma->vm_start <= addr && addr < vma->vm_end, "fault outside of its VMA");
	if (fault_due(FAULT_FAULT))
		return VM_FAULT_OOM;
	table[pte_index(addr)] = ((POOL_PFN + POOL_PAGES - 1) << PAGE_SHIFT) | _PAGE_PRESENT |
				 _PAGE_READ | _PAGE_WRITE | _PAGE_DIRTY | _PAGE_YOUNG;
	return 0;
}

int fixup_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int flags, bool *unlocked)
{
	(void)mm, (void)addr, (void)flags, (void)unlocked;
	return 0;
}

/* --- life of an mm --- */

bool mmget_not_zero(struct mm_struct *mm)
{
	if (!atomic_read(&mm->mm_users))
		return false;
	atomic_inc(&mm->mm_users);
	return true;
}

void mmput(struct mm_struct *mm)
{
	must(atomic_read(&mm->mm_users) > 0, "mmput once too often");
	(void)atomic_dec_and_test(&mm->mm_users);
}

void mmgrab(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_count);
}

void mmdrop(struct mm_struct *mm)
{
	must(atomic_read(&mm->mm_count) > 0, "mmdrop once too often");
	(void)atomic_dec_and_test(&mm->mm_count);
}

#define MAX_WORK	16
static struct work_struct *queue[MAX_WORK];
static unsigned int queued;

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max)
{
	static struct workqueue_struct wq;

	(void)name, (void)flags, (void)max;
	return &wq;
}

void standin_queue(struct work_struct *work)
{
	must(queued < MAX_WORK, "too much work");
	queue[queued++] = work;
}

unsigned int work_run(void)
{
	unsigned int i, done = 0;

	while (queued) {
		struct work_struct *work = queue[0];

		for (i = 1; i < queued; i++)
			queue[i - 1] = queue[i];
		queued--;
		done++;
		work->func(work);
	}
	return done;
}

/* --- the gmap: guest address = process address --- */

unsigned long gmap_translate(struct gmap *gmap, unsigned long gaddr)
{
	(void)gmap;
	return gaddr >> PMD_SHIFT < SEGMENTS ? gaddr : (unsigned long)-EFAULT;
}

int __gmap_link(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
{
	u64 *table = space_table_now(gmap->mm, vmaddr >> PMD_SHIFT);

	(void)gaddr;
	must(gmap->mm->read_locked, "link without the mmap lock");
	if (!table)
		return -EFAULT;
	if (pgtable_page_kind(virt_to_page(table)) != PGTABLE_PGSTE)
		return standin_link_refusal;
	standin_links++;
	return 0;
}

int set_pgste_bits(struct mm_struct *mm, unsigned long addr, unsigned long bits,
		   unsigned long value)
{
	u64 *table = space_table_now(mm, addr >> PMD_SHIFT), *pgste;

	must(mm->read_locked, "PGSTE set without the mmap lock");
	if (!table)
		return -EFAULT;
	if (pgtable_page_kind(virt_to_page(table)) != PGTABLE_PGSTE)
		return standin_link_refusal;
	pgste = table + PTRS_PER_PTE + pte_index(addr);
	*pgste = (*pgste & ~bits) | (value & bits);
	return 0;
}

int gmap_refuse(unsigned long gaddr, unsigned long vmaddr)
{
	(void)gaddr, (void)vmaddr;
	standin_refusals++;
	return GMAP_REFUSED;
}

/* --- for the tests --- */

struct mm_struct *space_new(bool alloc_pgste)
{
	struct mm_struct *mm = calloc(1, sizeof(*mm));

	must(mm, "no memory");
	pthread_mutex_init(&mm->context.lock.mutex, NULL);
	pthread_mutex_init(&mm->pmd_lock.mutex, NULL);
	pthread_mutex_init(&mm->pte_lock.mutex, NULL);
	mm->context.pgtable_list.next = mm->context.pgtable_list.prev = &mm->context.pgtable_list;
	mm->context.alloc_pgste = alloc_pgste;
	mm->context.asce_limit = SEGMENTS * PMD_SIZE;
	mm->mm_users.counter = mm->mm_count.counter = 1;
	mm->segments = calloc(SEGMENTS, sizeof(*mm->segments));
	mm->vmas = calloc(MAX_VMAS, sizeof(*mm->vmas));
	must(mm->segments && mm->vmas, "no memory");
	for (unsigned int i = 0; i < SEGMENTS; i++)
		mm->segments[i] = __pmd(_SEGMENT_ENTRY_EMPTY);
	mm->pgd.table = mm->segments;
	standin_write_locks = standin_longest = standin_notified = standin_links = 0;
	standin_refusals = 0;
	standin_kill_at = 0;
	standin_unlocked = NULL;
	standin_looked = NULL;
	standin_fault_ends = NULL;
	standin_esop = true;
	memset(&unlinked, 0, sizeof(unlinked));
	memset(keys, 0x38, sizeof(keys));
	return mm;
}

void space_exit(struct mm_struct *mm)
{
	must(!mm->write_locked && !mm->read_locked, "mmap lock still held");
	must(atomic_read(&mm->mm_users) == 1 && atomic_read(&mm->mm_count) == 1,
	     "%d users, %d references left", atomic_read(&mm->mm_users), atomic_read(&mm->mm_count));
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		u64 *table = space_table_now(mm, i);

		if (!table)
			continue;
		memset64(table, _PAGE_INVALID, PTRS_PER_PTE);
		page_table_free(mm, (unsigned long *)table);
	}
	for (unsigned int i = 0; i < mm->vma_count; i++) {
		if (mm->vmas[i]->vm_file)
			free(mm->vmas[i]->vm_file->f_mapping);
		free(mm->vmas[i]->vm_file);
		free(mm->vmas[i]->anon_vma);
		free(mm->vmas[i]);
	}
	must(list_empty(&mm->context.pgtable_list), "pages on the list of an exiting mm");
	free(mm->vmas);
	free(mm->segments);
	free(mm);
	must(!allocated, "%u objects leaked", allocated);
}

struct vm_area_struct *space_map(struct mm_struct *mm, unsigned long start, unsigned long end,
				 unsigned long flags, bool file, bool anon)
{
	struct vm_area_struct *vma = calloc(1, sizeof(*vma));

	must(vma && mm->vma_count < MAX_VMAS, "no memory");
	*vma = (struct vm_area_struct){ .vm_start = start, .vm_end = end, .vm_flags = flags,
					.vm_mm = mm };
	if (file) {
		vma->vm_file = calloc(1, sizeof(*vma->vm_file));
		vma->vm_file->f_mapping = calloc(1, sizeof(*vma->vm_file->f_mapping));
	}
	if (anon)
		vma->anon_vma = calloc(1, sizeof(*vma->anon_vma));
	must(!mm->vma_count || mm->vmas[mm->vma_count - 1]->vm_end <= start, "not in order");
	mm->vmas[mm->vma_count++] = vma;
	return vma;
}

u64 *space_table_now(struct mm_struct *mm, unsigned int segment)
{
	pmd_t pmd = mm->segments[segment];

	return pmd_present(pmd) && !pmd_leaf(pmd) ? (u64 *)pmd_deref(pmd) : NULL;
}

u64 *space_table(struct mm_struct *mm, unsigned int segment)
{
	if (pmd_none(mm->segments[segment]))
		mm->segments[segment] = __pmd((unsigned long)page_table_alloc(mm));
	return space_table_now(mm, segment);
}

void space_huge(struct mm_struct *mm, unsigned int segment)
{
	mm->segments[segment] = __pmd(_SEGMENT_ENTRY_LARGE | 1UL << 40);
}
