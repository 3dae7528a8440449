// SPDX-License-Identifier: Apache-2.0

// Linux 6.14; newer than Debian 12's headers. To be included after those.

#pragma once

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif
