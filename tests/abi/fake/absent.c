/* SPDX-License-Identifier: Apache-2.0
 * Is linked by a fake plugin and never found when that is loaded. */
int ksail_fake_absent(void);
int ksail_fake_absent(void) { return 0; }
