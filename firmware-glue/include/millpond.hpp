/*
 * Millpond for C++17: a sensor that ends itself. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Header only, over millpond.h. It throws nothing and needs no exceptions: every call returns its mp_result.
 */
#ifndef MILLPOND_HPP
#define MILLPOND_HPP

#include "millpond.h"

#include <memory>
#include <new>
#include <utility>

namespace millpond {

/* A struct of the interface with everything zero but its size. */
template <typename T> T blank() noexcept
{
    T value{};
    value.size = sizeof value;
    return value;
}

/* A configuration for this header's ABI; the other members may be set before use. */
inline mp_config configuration(uint16_t links, uint8_t zones) noexcept
{
    auto config = blank<mp_config>();
    config.abi = MP_ABI;
    config.links = links;
    config.zones = zones;
    return config;
}

/* A sensor in memory of its own. Moving it leaves the memory where it is. One call at a time, as in C. */
class sensor {
public:
    /* Ask result() whether it worked. MP_ERR_MEMORY also means that there was none. */
    explicit sensor(const mp_config &config) noexcept
    {
        size_t bytes = 0;
        result_ = mp_sensor_size(&config, &bytes);
        if (result_ != MP_OK)
            return;
        memory_.reset(new (std::nothrow) uint64_t[(bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t)]);
        result_ = memory_ ? mp_sensor_init(memory_.get(), bytes, &config, &handle_) : MP_ERR_MEMORY;
    }

    ~sensor()
    {
        mp_sensor_fini(handle_);
    }

    sensor(sensor &&other) noexcept
        : memory_(std::move(other.memory_)), handle_(std::exchange(other.handle_, nullptr)),
          result_(std::exchange(other.result_, MP_ERR_NULL))
    {
    }

    sensor &operator=(sensor &&other) noexcept
    {
        if (this != &other) {
            mp_sensor_fini(handle_);
            memory_ = std::move(other.memory_);
            handle_ = std::exchange(other.handle_, nullptr);
            result_ = std::exchange(other.result_, MP_ERR_NULL);
        }
        return *this;
    }

    sensor(const sensor &) = delete;
    sensor &operator=(const sensor &) = delete;

    /* What the constructor met: MP_OK, or why there is no sensor. */
    mp_result result() const noexcept
    {
        return result_;
    }

    /* For calls that have no wrapper here. NULL if there is no sensor. */
    mp_sensor *handle() const noexcept
    {
        return handle_;
    }

    mp_result push(const mp_frame &frame) noexcept
    {
        return mp_sensor_push(handle_, &frame);
    }

    mp_result push(const mp_rssi &rssi) noexcept
    {
        return mp_sensor_push_rssi(handle_, &rssi);
    }

    mp_result set_sensing(uint64_t now_us, uint8_t sensing, uint32_t pause_minutes = 0) noexcept
    {
        return mp_sensor_set_sensing(handle_, now_us, sensing, pause_minutes);
    }

    /* Hands every message that is due to `take`. MP_NONE when all were taken. */
    template <typename Take> mp_result poll(uint64_t now_us, Take &&take)
    {
        auto message = blank<mp_message>();
        mp_result result;
        while ((result = mp_sensor_poll(handle_, now_us, &message)) == MP_OK)
            take(static_cast<const mp_message &>(message));
        return result;
    }

private:
    std::unique_ptr<uint64_t[]> memory_;
    mp_sensor *handle_ = nullptr;
    mp_result result_ = MP_ERR_NULL;
};

} // namespace millpond

#endif
