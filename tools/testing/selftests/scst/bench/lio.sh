# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# LIO: a RAM disk that stores nothing, behind tcm_loop

lio_export() {
	local tpg=/sys/kernel/config/target/loopback/naa.6001405000000001/tpgt_1

	mkdir -p $tpg
	echo naa.6001405000000002 >$tpg/nexus
	mkdir $tpg/lun/lun_0
	ln -s /sys/kernel/config/target/core/rd_mcp_0/null $tpg/lun/lun_0/null
}

setup() {
	local store=/sys/kernel/config/target/core/rd_mcp_0/null

	modprobe -a target_core_mod tcm_loop || return
	mkdir -p $store
	echo rd_pages=262144,rd_nullio=1 >$store/control
	echo 1 >$store/enable
	new_disk lio_export
}
