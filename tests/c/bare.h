/*
 * What a program needs where there is no C library: a way in, a way out, and words on the console.
 *
 * On Cortex-M through the emulator's semihosting, on 32-bit RISC-V through Linux' system calls; elsewhere the C library
 * does it.
 */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>

int main(void);

#if defined(__ARM_ARCH_7EM__)

static void semihost(unsigned operation, const void *argument)
{
    register unsigned r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void say(const char *text)
{
    semihost(0x04, text); /* SYS_WRITE0 */
}

/* Instructions since the start: the emulator runs one a nanosecond, and a tick of the 25 MHz clock is 40 of them. */
static uint32_t instructions(void)
{
    static uint32_t passed, last = 0xffffff;
    uint32_t now = *(volatile uint32_t *)0xe000e018;
    passed += (last - now) & 0xffffff;
    last = now;
    return 40 * passed;
}

void start(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the floating-point unit on */
    *(volatile uint32_t *)0xe000e014 = 0xffffff;    /* SysTick: 24 bits, running down, on the core's clock */
    *(volatile uint32_t *)0xe000e010 = 5;
    __asm__ volatile("dsb\nisb");
    /* ADP_Stopped_ApplicationExit, or a run-time error */
    semihost(0x18, (const void *)(uintptr_t)(main() == 0 ? 0x20026 : 0x20023));
    for (;;)
        ;
}

/* First stack pointer, reset; the faults that come next have nobody to tell. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*reset)(void);
} vectors = {0x20400000, start};

#elif defined(__riscv)

static long call(long number, long a, const void *b, size_t c)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register const void *a1 __asm__("a1") = b;
    register size_t a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static void say(const char *text)
{
    size_t n = 0;
    while (text[n] != 0)
        n++;
    call(64, 1, text, n); /* write */
}

static uint32_t instructions(void)
{
    return 0;
}

/* The linker shortens addresses near the global pointer, so that it must be set first. */
__asm__(".globl _start\n_start:\n.option push\n.option norelax\nla gp, __global_pointer$\n.option pop\n"
        "andi sp, sp, -16\ncall main\nli a7, 93\necall");

#else

#include <stdio.h>

static void say(const char *text)
{
    fputs(text, stdout);
}

static uint32_t instructions(void)
{
    return 0;
}

#endif
#endif
