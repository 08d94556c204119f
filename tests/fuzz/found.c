// SPDX-License-Identifier: GPL-2.0
/* What the fuzzer found, each alone. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scene.h"

static int flic_of(struct vm *vm)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_FLIC };

	require(!ioctl(vm->fd, KVM_CREATE_DEVICE, &device), "FLIC: %s", strerror(errno));
	return device.fd;
}

static void expect_einval(int rc, const char *what)
{
	require(rc < 0 && errno == EINVAL, "%s: %s", what, rc < 0 ? strerror(errno) : "no error");
}

/* Its vCPUs have each a gmap, the VM has none. */
static void ucontrol_flic(void)
{
	struct kvm_device_attr attr = { .group = KVM_DEV_FLIC_APF_ENABLE };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} routes = {
		.head.nr = 1,
		.entry.type = KVM_IRQ_ROUTING_S390_ADAPTER,
	};
	struct kvm_enable_cap irqchip = { .cap = KVM_CAP_S390_IRQCHIP };
	struct vm vm;
	int flic;

	make_vm(&vm, KVM_VM_S390_UCONTROL);
	flic = flic_of(&vm);
	expect_einval(ioctl(flic, KVM_SET_DEVICE_ATTR, &attr), "APF_ENABLE");
	attr.group = KVM_DEV_FLIC_APF_DISABLE_WAIT;
	expect_einval(ioctl(flic, KVM_SET_DEVICE_ATTR, &attr), "APF_DISABLE_WAIT");
	ioctl(vm.fd, KVM_ENABLE_CAP, &irqchip);
	expect_einval(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &routes), "SET_GSI_ROUTING");
	close(flic);
	vm_destroy(&vm);
}

static const struct test tests[] = {
	{ "the FLIC of a UCONTROL VM has no page faults and routes to set", ucontrol_flic, NEEDS_KVM },
};

TAP_MAIN(tests)
