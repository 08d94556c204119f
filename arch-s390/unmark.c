// SPDX-License-Identifier: GPL-2.0
/*
 * unmark FILE: takes the mark off an s390x program that asks the kernel for 4 KiB page
 * tables at exec (ld --s390-pgste): its PT_S390_PGSTE program header becomes PT_NULL.
 * No other byte of the file changes. It is an error if there is no such header.
 */
#include <elf.h>
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MARK	0x70000000	/* PT_S390_PGSTE: s390x ELF ABI; <elf.h> of x86 has no name for it */

int main(int argc, char **argv)
{
	const Elf64_Word null = PT_NULL;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	int fd, marks = 0;

	if (argc != 2)
		errx(2, "usage: unmark FILE");
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    be16toh(ehdr.e_machine) != EM_S390)
		errx(1, "%s: not an s390x program", argv[1]);

	for (unsigned int i = 0; i < be16toh(ehdr.e_phnum); i++) {
		off_t at = be64toh(ehdr.e_phoff) + i * sizeof(phdr);

		if (pread(fd, &phdr, sizeof(phdr), at) != sizeof(phdr))
			errx(1, "%s: program header %u cannot be read", argv[1], i);
		if (be32toh(phdr.p_type) != MARK)
			continue;
		if (pwrite(fd, &null, sizeof(null), at + offsetof(Elf64_Phdr, p_type)) != sizeof(null))
			err(1, "%s: program header %u", argv[1], i);
		marks++;
	}
	if (!marks)
		errx(1, "%s: has no PT_S390_PGSTE", argv[1]);
	return 0;
}
