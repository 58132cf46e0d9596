unit_test(unit/test_payload.c publish model base)
unit_test(unit/test_outbox.c publish model base)
if(TARGET test_outbox)
  target_link_options(test_outbox PRIVATE -Wl,--wrap=malloc)
endif()

# Against a mosquitto of their own: skipped, and said so, where there is none.
unit_test(contract/test_connection.c publish model base)
if(TARGET test_connection)
  target_sources(test_connection PRIVATE contract/real_broker.c)
  set_tests_properties(test_connection PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
