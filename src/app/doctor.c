/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

void doctor_warn(const struct config *config)
{
	struct doctor doctor = { .path = config->path, .config = config };

	findings_begin(&doctor.findings, FINDINGS_LOG);
	doctor_check_kernel(&doctor);
	doctor_check_identity(&doctor);
	doctor_check_space(&doctor);
	doctor_check_secrecy(&doctor);
}
