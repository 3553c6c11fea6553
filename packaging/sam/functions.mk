# The targets that `sam build` asks for, build-LOGICALID with ARTIFACTS_DIR set. SAM does not tell make the architecture: it is in
# the name of the folder whose Makefile includes this, which the template picks. By hand, at the top:
#
#   make ARCH=arm64 ARTIFACTS_DIR=somewhere build-ValidateFunction
artifacts := $(dir $(lastword $(MAKEFILE_LIST)))artifacts.sh

.PHONY: build-PresignFunction build-ValidateFunction build-ElbLogsFunction build-ArchiveFunction
build-PresignFunction build-ValidateFunction build-ElbLogsFunction build-ArchiveFunction:
	$(artifacts) $(ARCH) "$(ARTIFACTS_DIR)"
