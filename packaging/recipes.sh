# shellcheck shell=bash disable=SC2034,SC2086,SC2154
# What a bootstrap is linked with, read by package.sh: the one place to add a library. A change here remakes all of them.

# Debian packages with a static library that fits, taken as they are. The C library is one of them: the machine's own, and the one
# that cross compilers come with, may lack Debian's fixes.
debs=(libc6-dev libc6 linux-libc-dev libssl-dev zlib1g-dev libpcre2-dev libuv1-dev libcsv-dev libc-ares-dev)

# Source packages, and why: the function build_NAME makes NAME's static library.
#   curl     Debian's libcurl.a wants 20 more libraries, and its name look-up libc's, which cannot be static; here: HTTP, TLS, c-ares
#   cjson    no static library
#   libisal  no static library
#   cmocka   no static library; for the tests alone
sources=(curl cjson libisal)
test_sources=(cmocka)

# Debian's libcrypto but for one thing: on x86 it asks the processor for its abilities before main. Each question is a trip to the
# hypervisor, and a function that starts has no use for the answers; libcrypto asks by itself when it is first used (ossl_init_base).
late_libcrypto() {
    local from=$sysroot/usr/lib/$multiarch/libcrypto.a member=libcrypto-lib-x86_64cpuid.o
    [ "$arch" = x86_64 ] || return 0
    cp "$from" "$prefix/lib/"
    (
        cd "$prefix/lib" || exit
        $ar x libcrypto.a $member
        $triplet-objcopy --remove-section .init --remove-section .rela.init $member
        $ar rD libcrypto.a $member
        rm $member
    )
}
build_curl() {
    # Only what is asked for: names through c-ares, HTTP/1.1, OpenSSL. Lambda's CA bundle is probed for at run time.
    local off=(alt-svc ares-static cookies dateparse dict doh ftp file form-api get-easy-options gopher hsts http-auth imap
        ldap ldaps libcurl-option manual mime mqtt netrc ntlm ntlm-wb openssl-auto-load-config pop3 progress-meter rtsp
        smb smtp socketpair telnet tftp threaded-resolver tls-srp unix-sockets aws dependency-tracking shared debug symbol-hiding)
    local without=(brotli zstd zlib libidn2 libpsl librtmp libssh2 nghttp2 nghttp3 ngtcp2 gssapi ca-bundle ca-path ca-fallback)
    # The tarball's configure is older than the patched configure.ac, which did not change what it makes.
    touch aclocal.m4 && find . -name Makefile.in -exec touch {} + && touch lib/curl_config.h.in configure
    ./configure -q --host="$triplet" --enable-static --enable-ares --enable-http --enable-proxy --with-openssl \
        "${off[@]/#/--disable-}" "${without[@]/#/--without-}" \
        CC="$cc" CFLAGS="$cflags" LIBS="-lssl -lcrypto -lcares -ldl -lpthread" PKG_CONFIG=false
    make -j"$jobs" -s -C lib libcurl.la
    mkdir -p "$prefix/include/curl"
    cp include/curl/*.h "$prefix/include/curl/"
    cp lib/.libs/libcurl.a "$prefix/lib/"
}
build_cjson() {
    $cc $cflags -c cJSON.c -o cJSON.o
    $ar rcsD "$prefix/lib/libcjson.a" cJSON.o
    mkdir -p "$prefix/include/cjson"
    cp cJSON.h "$prefix/include/cjson/"
}
build_libisal() {
    make -j"$jobs" -s -f Makefile.unx units=igzip host_cpu="${arch/arm64/aarch64}" CC="$cc" AR="$ar" \
        CFLAGS="$cflags -DNDEBUG -Iinclude -Iigzip -Icrc" lib
    cp bin/isa-l.a "$prefix/lib/libisal.a"
    mkdir -p "$prefix/include/isa-l"
    cp include/*.h "$prefix/include/isa-l/"
    printf '#include <isa-l/%s.h>\n' crc crc64 igzip_lib >"$prefix/include/isa-l.h"
}
build_cmocka() {
    : >config.h # what cmake finds out, below
    $cc $cflags -I. -Iinclude -D_GNU_SOURCE -DHAVE_SIGNAL_H -DHAVE_STRSIGNAL -DHAVE_MALLOC_H -DHAVE_INTTYPES_H \
        -DHAVE_STDINT_H -DHAVE_CLOCK_GETTIME -DHAVE_CLOCK_REALTIME -DHAVE_STRUCT_TIMESPEC -DHAVE_GCC_THREAD_LOCAL_STORAGE -c src/cmocka.c -o cmocka.o
    $ar rcsD "$prefix/lib/libcmocka.a" cmocka.o
    cp include/cmocka.h "$prefix/include/"
}

# Parts of a hardened executable; no path of this machine in them, and what nobody calls can be left out.
cflags="-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections -ffile-prefix-map=$root=."

# In the order of a linker: who needs something comes before who has it.
libs=(curl ssl crypto cares uv_a cjson pcre2-8 isal z csv)
